import t from 'tap';
import { pythonNamed } from '../../src/packaging/python-tag.ts';
import { parseWheelTags, type WheelFilter, wheelFits } from '../../src/packaging/wheel-tags.ts';

const python312 = [pythonNamed('3.12')].filter((python) => python !== undefined);

/** The tags, of those, that fit. */
function fitting(wish: WheelFilter, all: readonly string[]): string[] {
  return all.filter((text) => {
    const [python = '', abi = '', platform = ''] = text.split('-');
    return wheelFits(parseWheelTags(python, abi, platform), wish);
  });
}

t.test('a wish for nothing in particular fits everything', async (t) => {
  const all = [
    'py3-none-any',
    'cp312-cp312-win32',
    'cp27-cp27mu-manylinux1_i686',
    'universal-none-any',
    'py3-none-beos',
  ];
  t.same(fitting({}, all), all);
});

t.test('pure wheels fit every system, machine, ABI and C library', async (t) => {
  const wish: WheelFilter = {
    systems: ['windows'],
    machines: ['s390x'],
    abis: ['abi3'],
    glibc: [2, 5],
    pythons: python312,
  };
  const all = ['py3-none-any', 'py2.py3-none-any', 'py312-none-any', 'py2-none-any'];
  t.same(fitting(wish, all), all.slice(0, 3));
});

t.test('one tag of a compressed set is enough', async (t) => {
  const wish: WheelFilter = { systems: ['macos'], machines: ['aarch64'], pythons: python312 };
  t.same(
    fitting(wish, [
      'cp311.cp312-cp311.cp312-macosx_10_9_x86_64.macosx_11_0_arm64',
      'cp310.cp311-cp310.cp311-macosx_11_0_arm64',
      'cp311.cp312-cp311.cp312-macosx_10_9_x86_64.win_arm64',
    ]),
    ['cp311.cp312-cp311.cp312-macosx_10_9_x86_64.macosx_11_0_arm64'],
  );
});

t.test('the interpreter needs its Python and its ABI in the same tag', async (t) => {
  const free = [pythonNamed('3.13t')].filter((python) => python !== undefined);
  t.same(fitting({ pythons: free }, ['cp313.py3-cp313.none-any', 'cp313-cp313.abi3-any', 'py2.cp313-abi3.none-any']), [
    'cp313.py3-cp313.none-any',
    'py2.cp313-abi3.none-any',
  ]);
});

t.test('the system and the machine must be of the same platform', async (t) => {
  const wish: WheelFilter = { systems: ['linux', 'macos'], machines: ['x86_64'] };
  t.same(
    fitting(wish, [
      'py3-none-manylinux2014_x86_64',
      'py3-none-macosx_11_0_arm64',
      'py3-none-macosx_11_0_arm64.win_amd64',
      'py3-none-macosx_10_9_universal2',
      'py3-none-win_amd64',
      'py3-none-linux',
    ]),
    ['py3-none-manylinux2014_x86_64', 'py3-none-macosx_10_9_universal2', 'py3-none-linux'],
  );
});

t.test('a wheel that needs a newer C library does not fit', async (t) => {
  const all = [
    'py3-none-manylinux1_x86_64',
    'py3-none-manylinux2014_x86_64',
    'py3-none-manylinux_2_28_x86_64',
    'py3-none-manylinux_2_28_x86_64.manylinux2014_x86_64',
    'py3-none-manylinux_3_0_x86_64',
    'py3-none-musllinux_1_1_x86_64',
    'py3-none-musllinux_1_2_x86_64',
    'py3-none-linux_x86_64',
    'py3-none-win_amd64',
  ];
  const without = (...numbers: number[]) => all.filter((_, index) => !numbers.includes(index));
  t.same(fitting({ glibc: [2, 17] }, all), without(2, 4));
  t.same(fitting({ glibc: [2, 28] }, all), without(4));
  t.same(fitting({ glibc: [3, 0] }, all), all);
  t.same(fitting({ musl: [1, 1] }, all), without(6));
});

t.test('the ABIs that are wished are held, and what has none', async (t) => {
  const all = [
    'cp312-cp312-win32',
    'cp38-abi3-win32',
    'cp312-cp312.abi3-win32',
    'py3-none-win32',
    'pp310-pypy310_pp73-win32',
  ];
  t.same(fitting({ abis: ['abi3'] }, all), all.slice(1, 4));
  t.same(fitting({ abis: [] }, all), ['py3-none-win32']);
  t.same(fitting({ abis: ['cp312'], pythons: python312 }, all), [all[0], all[2], all[3]]);
});

t.test('lists without an entry fit nothing but what fits anywhere', async (t) => {
  const all = ['py3-none-any', 'py3-none-win32', 'cp312-cp312-linux_x86_64', 'py3-none-linux'];
  t.same(fitting({ systems: [] }, all), ['py3-none-any']);
  t.same(fitting({ machines: [] }, all), ['py3-none-any', 'py3-none-linux']);
  t.same(fitting({ pythons: [] }, all), []);
});

import t from 'tap';
import { explained, heldFiles, pageOf, policyOf, type TestFile } from './policy-of.ts';

const pure = 'a-1-py3-none-any.whl';
const source = 'a-1.tar.gz';

function keepsSource(
  files: string,
  wheels: readonly (string | TestFile)[],
  sdist: string | TestFile = source,
): boolean {
  const policy = policyOf(`[files]\nsdists = "where-no-wheel-fits"\n${files}`);
  return heldFiles(policy, pageOf('a', [sdist, ...wheels])).includes(source);
}

t.test('source distributions can be left out altogether', async (t) => {
  t.same(explained(policyOf('[files]\nsdists = "no"'), pageOf('a', [source, pure])), [
    'a-1.tar.gz  left out  mirror.toml:2 (sdists = "no")',
    'a-1-py3-none-any.whl  held  everything is held',
  ]);
});

t.test('a source distribution goes where wheels of its release fit every place', async (t) => {
  t.notOk(keepsSource('', [pure]));
  t.ok(keepsSource('', []), 'there is no wheel');
  t.ok(keepsSource('', ['a-2-py3-none-any.whl']), 'the wheel is of another release');
  t.ok(keepsSource('', ['a-1-py2-none-any.whl']), 'not Python 3');
  t.ok(keepsSource('', ['a-1-py38-none-any.whl']), 'not every Python 3');
  t.ok(keepsSource('', ['a-1-py3-none-manylinux_2_17_x86_64.whl']), 'not every system');
  t.ok(keepsSource('', ['a-1-broken.whl']), 'nobody knows where it fits');
});

const linux = 'systems = ["manylinux"]\nmachines = ["x86_64"]\npythons = ["3.11", "3.12"]\nglibc = "2.28"\n';
const wheel = (python: string, platform = 'manylinux_2_17_x86_64') => `a-1-${python}-${python}-${platform}.whl`;

t.test('each wished combination must have its wheel', async (t) => {
  t.notOk(keepsSource(linux, [wheel('cp311'), wheel('cp312')]));
  t.ok(keepsSource(linux, [wheel('cp312')]));
  t.ok(keepsSource(linux, [wheel('cp311'), wheel('cp312', 'manylinux_2_34_x86_64')]), 'it needs a newer glibc');
  t.notOk(keepsSource(linux, ['a-1-cp39-abi3-manylinux2014_x86_64.whl']));
  t.notOk(keepsSource(`${linux}abis = ["cp311", "cp312"]`, [wheel('cp311'), wheel('cp312')]));
});

t.test('Linux is one place with glibc and one with musl', async (t) => {
  const both = linux.replace('manylinux', 'linux');
  t.ok(keepsSource(both, [wheel('cp311'), wheel('cp312')]));
  t.notOk(keepsSource(both, [wheel('cp311'), wheel('cp312'), 'a-1-cp39-abi3-musllinux_1_1_x86_64.whl']));
});

t.test('no wheel is missed for machines that there are not', async (t) => {
  const mixed = 'systems = ["manylinux", "macos"]\nmachines = ["x86_64", "s390x"]\npythons = ["3.12"]';
  const wheels = ['linux_x86_64', 'linux_s390x', 'macosx_11_0_universal2'].map((platform) => wheel('cp312', platform));
  t.notOk(keepsSource(mixed, wheels));
  t.ok(keepsSource(mixed, wheels.slice(0, 2)));
  t.ok(keepsSource('systems = ["macos"]\nmachines = ["s390x"]', [pure]), 'there is no such place at all');
});

t.test('a wheel that is left out serves nobody', async (t) => {
  t.ok(keepsSource('max-size = "1kB"', [{ name: pure, size: 1001 }]));
  t.ok(keepsSource('[releases]\nyanked = false', [{ name: pure, yanked: true }]));
  t.ok(keepsSource('[releases]\nmin-age = "1d"', [{ name: pure, day: 31 }], { name: source, day: 1 }));
  t.ok(keepsSource('kinds = "sdist"', [pure]));
});

t.test('Pythons that requires-python refuses need no wheel', async (t) => {
  const sdist = { name: source, python: '>=3.12' };
  t.notOk(keepsSource(linux, [wheel('cp312')], sdist));
  t.ok(keepsSource(linux, [{ name: pure, python: '>=3.12' }]), 'the source is for 3.11 too');
  t.notOk(keepsSource(linux, [wheel('cp312')], { name: source, python: '>=3.12.1,<4' }));
  t.notOk(keepsSource(linux, [{ name: pure, python: 'nonsense' }]));
});

t.test('it is told for which place the source distribution stays', async (t) => {
  const policy = policyOf(`[files]\nsdists = "where-no-wheel-fits"\n${linux}`);
  t.same(explained(policy, pageOf('a', [source, wheel('cp312')])).slice(0, 1), [
    'a-1.tar.gz  held  mirror.toml:2 (sdists = "where-no-wheel-fits"): no wheel for manylinux, x86_64, Python 3.11',
  ]);
  t.same(explained(policy, pageOf('a', [source, pure])).slice(0, 1), [
    'a-1.tar.gz  left out  mirror.toml:2 (sdists = "where-no-wheel-fits"): wheels fit everywhere',
  ]);
});

t.test('a wheel must serve the first and the last patch release of Python that the source does', async (t) => {
  const one = 'systems = ["manylinux"]\nmachines = ["x86_64"]\npythons = ["3.12"]\n';
  const late = { name: pure, python: '>=3.12.1' };
  const early = { name: wheel('cp312'), python: '<3.12.1' };
  t.ok(keepsSource(one, [late]), '3.12.0 has the source only');
  t.ok(keepsSource(one, [early]), 'later ones have');
  t.notOk(keepsSource(one, [late, early]), 'each has a wheel');
  t.notOk(keepsSource(one, [late], { name: source, python: '>=3.12.1' }), 'the source is not for 3.12.0 either');
  t.ok(keepsSource(one, [late], { name: source, python: '>=3.9,<3.12.4' }));
  t.ok(keepsSource('', ['a-1-py2-none-any.whl'], { name: source, python: '>=2.7' }), 'no Python is named');
  t.notOk(keepsSource('', [{ name: pure, python: '>=3.9' }]), 'nor does a wheel tell which 3.x');
});

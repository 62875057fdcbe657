import t from 'tap';
import { parsePlatformTag } from '../../src/packaging/platform-tag.ts';
import { knownMachines, machineNamed } from '../../src/packaging/platform-tag-machines.ts';
import { knownSystems, systemFits, systemNamed } from '../../src/packaging/platform-tag-systems.ts';

t.test('a tag tells the system and the machines', async (t) => {
  const rows: [tag: string, system: string, machines: string[] | undefined][] = [
    ['any', 'any', undefined],
    ['linux_x86_64', 'linux', ['x86_64']],
    ['linux_armv6l', 'linux', ['armv6l']],
    ['linux_armv8l', 'linux', ['armv8l']],
    ['linux', 'linux', undefined],
    ['win32', 'windows', ['i686']],
    ['win_amd64', 'windows', ['x86_64']],
    ['win_arm64', 'windows', ['aarch64']],
    ['win_arm32', 'windows', ['armv7l', 'armv8l']],
    ['win_ia64', 'windows', ['ia64']],
    ['macosx_10_9_x86_64', 'macos', ['x86_64']],
    ['macosx_11_0_arm64', 'macos', ['aarch64']],
    ['macosx_10_9_universal2', 'macos', ['x86_64', 'aarch64']],
    ['macosx_10_6_intel', 'macos', ['i686', 'x86_64']],
    ['darwin', 'macos', undefined],
    ['macosx_10_5_universal', 'macos', ['i686', 'x86_64', 'ppc', 'ppc64']],
    ['macosx_10_4_fat', 'macos', ['i686', 'ppc']],
    ['macosx_10_5_fat3', 'macos', ['i686', 'x86_64', 'ppc']],
    ['macosx_10_5_fat32', 'macos', ['i686', 'x86_64', 'ppc']],
    ['macosx_10_5_fat64', 'macos', ['x86_64', 'ppc64']],
    ['ios_13_0_arm64_iphonesimulator', 'ios', ['aarch64']],
    ['android_21_x86', 'android', ['i686']],
    ['android_24_arm64_v8a', 'android', ['aarch64']],
    ['pyodide_2025_0_wasm32', 'emscripten', ['wasm32']],
    ['emscripten_3_1_58_wasm32', 'emscripten', ['wasm32']],
    ['musllinux_1_2_riscv64', 'linux', ['riscv64']],
    ['manylinux_2_36_loongarch64', 'linux', ['loongarch64']],
    ['manylinux_2_17_sw_64', 'linux', ['sw_64']],
  ];
  for (const [tag, system, machines] of rows) {
    const found = parsePlatformTag(tag);
    t.same([found.system, found.machines], [system, machines], tag);
  }
});

t.test('a tag tells the C library and the version that it needs', async (t) => {
  const glibc = (tag: string) => parsePlatformTag(tag).libc;
  t.same(glibc('manylinux1_x86_64'), { name: 'glibc', version: [2, 5] });
  t.same(glibc('manylinux2010_i686'), { name: 'glibc', version: [2, 12] });
  t.same(glibc('manylinux2014_ppc64le'), { name: 'glibc', version: [2, 17] });
  t.same(glibc('manylinux_2_28_x86_64'), { name: 'glibc', version: [2, 28] });
  t.same(glibc('musllinux_1_2_aarch64'), { name: 'musl', version: [1, 2] });
  t.equal(glibc('linux_x86_64'), undefined);
  t.equal(glibc('win_amd64'), undefined);
});

t.test('a tag that is not quite by the rules keeps its system, and does not restrict the rest', async (t) => {
  const plain = { other: undefined, libc: undefined, machines: undefined };
  const libc = { name: 'glibc', version: undefined };
  t.same(parsePlatformTag('manylinux_x86_64'), { ...plain, system: 'linux', libc });
  t.same(parsePlatformTag('macosx_12_universal2'), { ...plain, system: 'macos' });
  t.same(parsePlatformTag('ios'), { ...plain, system: 'ios' });
});

t.test('any other system goes by its first word', async (t) => {
  const others = { freebsd_13_1_release_amd64: 'freebsd', aix_7104_1806_64: 'aix', cygwin_3_4_6_x86_64: 'cygwin' };
  for (const [tag, other] of Object.entries(others)) {
    const found = parsePlatformTag(tag);
    t.same([found.system, found.other], ['other', other], tag);
  }
  for (const tag of ['', '_', '7', 'any_', 'anything', 'any\n', 'é']) {
    t.equal(parsePlatformTag(tag).system, 'other', JSON.stringify(tag));
  }
});

t.test('a machine has one name, whatever a system or a person calls it', async (t) => {
  for (const text of ['x86_64', 'AMD64', 'x86-64', 'x64']) t.equal(machineNamed(text), 'x86_64', text);
  for (const text of ['aarch64', 'ARM64', 'arm64-v8a']) t.equal(machineNamed(text), 'aarch64', text);
  for (const text of ['i686', 'i386', 'x86']) t.equal(machineNamed(text), 'i686', text);
  for (const text of ['amd46', 'universal2', '', 'constructor']) t.equal(machineNamed(text), undefined, text);
  for (const name of knownMachines) t.ok(machineNamed(name), name);
});

t.test('a system has one name, whatever a person calls it', async (t) => {
  const rows = { Linux: 'linux', Darwin: 'macos', win: 'windows', musl: 'musllinux', pyodide: 'emscripten' };
  for (const [text, name] of Object.entries(rows)) t.equal(systemNamed(text), name, text);
  for (const text of ['linus', '', 'any', 'constructor']) t.equal(systemNamed(text), undefined, text);
  for (const name of knownSystems) t.equal(systemNamed(name), name);
});

t.test('Linux is glibc and musl, and a plain tag belongs to both', async (t) => {
  const systems = (tag: string) => knownSystems.filter((name) => systemFits(parsePlatformTag(tag), name));
  t.same(systems('manylinux_2_28_x86_64'), ['linux', 'manylinux']);
  t.same(systems('musllinux_1_2_x86_64'), ['linux', 'musllinux']);
  t.same(systems('linux_x86_64'), ['linux', 'manylinux', 'musllinux']);
  t.same(systems('macosx_11_0_arm64'), ['macos']);
  t.same(systems('freebsd_14_0_release_amd64'), ['freebsd', 'other']);
  t.same(systems('wasi_0_0_0_wasm32'), ['other']);
});

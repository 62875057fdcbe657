/** The names of machines. Each machine has one name here, whatever the systems call it. */

/** The other names that tags and people use for each machine, written with `_`. */
const machines: ReadonlyMap<string, readonly string[]> = new Map([
  ['x86_64', ['amd64', 'x64']],
  ['i686', ['x86', 'i386', 'i486', 'i586']],
  ['aarch64', ['arm64', 'arm64_v8a']],
  ['armv8l', []],
  ['armv7l', ['armv7', 'armhf', 'armeabi_v7a', 'arm32']],
  ['armv6l', ['armv6']],
  ['ppc64le', ['ppc64el', 'powerpc64le']],
  ['ppc64', ['powerpc64']],
  ['ppc', ['powerpc']],
  ['s390x', []],
  ['riscv64', []],
  ['loongarch64', ['loong64']],
  ['mips64le', ['mips64el']],
  ['ia64', []],
  ['wasm32', []],
]);

const canonical: ReadonlyMap<string, string> = new Map(
  [...machines].flatMap(([name, others]) => [name, ...others].map((other) => [other, name] as const)),
);

/** The machines behind each name in tags that stands for several. */
const several: ReadonlyMap<string, readonly string[]> = new Map([
  // A 32-bit Python on a 64-bit ARM calls itself armv8l and accepts wheels built for armv7l.
  ['armv7l', ['armv7l', 'armv8l']],
  ['universal2', ['x86_64', 'aarch64']],
  ['universal', ['i686', 'x86_64', 'ppc', 'ppc64']],
  ['intel', ['i686', 'x86_64']],
  ['fat', ['i686', 'ppc']],
  ['fat3', ['i686', 'x86_64', 'ppc']],
  ['fat32', ['i686', 'x86_64', 'ppc']],
  ['fat64', ['x86_64', 'ppc64']],
]);

/** The names of machines that a configuration may use. */
export const knownMachines: readonly string[] = [...canonical.keys()];

/**
 * Returns the one name of the machine that people call `text` (`x86_64` for `AMD64`), or undefined if it is unknown.
 */
export function machineNamed(text: string): string | undefined {
  return canonical.get(text.toLowerCase().replaceAll('-', '_'));
}

/**
 * Returns the machines that a wheel with machine `name` in its tag holds code for. An unknown name stands for itself.
 */
export function machinesOf(name: string): readonly string[] {
  const machine = canonical.get(name) ?? name;
  return several.get(machine) ?? [machine];
}

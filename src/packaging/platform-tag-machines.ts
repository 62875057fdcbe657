/** Machines: one name for each, whatever the systems call it. */

/** Each machine with the other names that tags and people use for it, written with `_`. */
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

/** Names in tags that stand for more than one machine. */
const several: ReadonlyMap<string, readonly string[]> = new Map([
  // A 32-bit Python on a 64-bit ARM calls itself armv8l, and takes what was built for armv7l.
  ['armv7l', ['armv7l', 'armv8l']],
  ['universal2', ['x86_64', 'aarch64']],
  ['universal', ['i686', 'x86_64', 'ppc', 'ppc64']],
  ['intel', ['i686', 'x86_64']],
  ['fat', ['i686', 'ppc']],
  ['fat3', ['i686', 'x86_64', 'ppc']],
  ['fat32', ['i686', 'x86_64', 'ppc']],
  ['fat64', ['x86_64', 'ppc64']],
]);

/** Every name of a machine that a configuration may use. */
export const knownMachines: readonly string[] = [...canonical.keys()];

/** The one name of the machine that people call `text`: `x86_64` for `AMD64`. Undefined when it is not known. */
export function machineNamed(text: string): string | undefined {
  return canonical.get(text.toLowerCase().replaceAll('-', '_'));
}

/** The machines that a tag with this machine's name holds code for; a name that is not known stands for itself. */
export function machinesOf(name: string): readonly string[] {
  const machine = canonical.get(name) ?? name;
  return several.get(machine) ?? [machine];
}

/** The systems that people name, and which platforms belong to them. */
import type { Libc, Platform } from './platform-tag.ts';

/** A system that wheels are wanted for. `manylinux` is Linux with glibc, `musllinux` with musl, `linux` is both. */
export type SystemName = (typeof knownSystems)[number];

/** Every system's one name, as a configuration writes it. */
export const knownSystems = [
  'linux',
  'manylinux',
  'musllinux',
  'macos',
  'windows',
  'ios',
  'android',
  'emscripten',
  'freebsd',
  'openbsd',
  'netbsd',
  'solaris',
  'aix',
  'cygwin',
  'mingw',
  'other',
] as const;

const names: ReadonlyMap<string, SystemName> = new Map<string, SystemName>([
  ...knownSystems.map((name) => [name, name] as const),
  ['glibc', 'manylinux'],
  ['musl', 'musllinux'],
  ['alpine', 'musllinux'],
  ['macosx', 'macos'],
  ['darwin', 'macos'],
  ['osx', 'macos'],
  ['win', 'windows'],
  ['nt', 'windows'],
  ['iphoneos', 'ios'],
  ['pyodide', 'emscripten'],
  ['pyemscripten', 'emscripten'],
]);

/** The system that people call `text`: `macos` for `Darwin`. Undefined when it is not known. */
export function systemNamed(text: string): SystemName | undefined {
  return names.get(text.toLowerCase());
}

/** True when what was built for `platform` may run on the system. Plain `linux_*` tells no C library: it fits all. */
export function systemFits(platform: Platform, name: SystemName): boolean {
  if (name === 'manylinux') return isLinux(platform, 'glibc');
  if (name === 'musllinux') return isLinux(platform, 'musl');
  return platform.system === name || platform.other === name;
}

function isLinux({ system, libc }: Platform, name: Libc['name']): boolean {
  return system === 'linux' && (libc === undefined || libc.name === name);
}

/** The names that people use for systems, and the platforms that belong to each of them. */
import type { Libc, Platform } from './platform-tag.ts';

/**
 * A system that wheels are wanted for. `manylinux` is Linux with glibc, `musllinux` is Linux with musl, `linux` is
 * both.
 */
export type SystemName = (typeof knownSystems)[number];

/** The name of each system in a configuration. */
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

/** Returns the system that people call `text` (`macos` for `Darwin`), or undefined if it is unknown. */
export function systemNamed(text: string): SystemName | undefined {
  return names.get(text.toLowerCase());
}

/** Returns true if a wheel for `platform` may run on the system. Plain `linux_*` names no C library and fits both. */
export function systemFits(platform: Platform, name: SystemName): boolean {
  if (name === 'manylinux') return isLinux(platform, 'glibc');
  if (name === 'musllinux') return isLinux(platform, 'musl');
  return platform.system === name || platform.other === name;
}

function isLinux({ system, libc }: Platform, name: Libc['name']): boolean {
  return system === 'linux' && (libc === undefined || libc.name === name);
}

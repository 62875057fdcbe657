/** The environments that markers are evaluated in: the machine where a project is installed (PEP 508, PEP 751). */
import { parseVersion } from './version.ts';

/** The variables with one text as their value. `extra` is missing: it belongs to a request, not to the machine. */
export type PlaceVariable =
  | 'python_version'
  | 'python_full_version'
  | 'os_name'
  | 'sys_platform'
  | 'platform_release'
  | 'platform_system'
  | 'platform_version'
  | 'platform_machine'
  | 'platform_python_implementation'
  | 'implementation_name'
  | 'implementation_version';

/** The values of the variables. A variable that is absent or undefined is unknown: it may have any value. */
export type MarkerEnvironment = { readonly [variable in PlaceVariable]?: string | undefined } & {
  /** The groups that are installed from a lock file (PEP 751). */
  readonly dependency_groups?: readonly string[] | undefined;
};

/** The operating systems that settings can name. */
export const platforms = ['linux', 'macos', 'windows'] as const;
export type Platform = (typeof platforms)[number];

/** The Python implementations that settings can name. */
export const implementations = ['cpython', 'pypy'] as const;
export type Implementation = (typeof implementations)[number];

/** An environment in short form. Anything left out is unknown. */
export interface PlaceSettings {
  /** `3.12`, or `3.12.4` if the last number matters. */
  readonly python?: string | undefined;
  readonly platform?: Platform | undefined;
  /** A machine as any platform spells it: `x86_64` and `amd64` are the same, as are `aarch64` and `arm64`. */
  readonly machine?: string | undefined;
  readonly implementation?: Implementation | undefined;
}

const systems: Readonly<Record<Platform, MarkerEnvironment>> = {
  linux: { os_name: 'posix', sys_platform: 'linux', platform_system: 'Linux' },
  macos: { os_name: 'posix', sys_platform: 'darwin', platform_system: 'Darwin' },
  windows: { os_name: 'nt', sys_platform: 'win32', platform_system: 'Windows' },
};

/** The spellings, by platform, of each machine that platforms spell differently. */
const machines: readonly Readonly<Record<Platform, string>>[] = [
  { linux: 'x86_64', macos: 'x86_64', windows: 'AMD64' },
  { linux: 'aarch64', macos: 'arm64', windows: 'ARM64' },
  { linux: 'i686', macos: 'i386', windows: 'x86' },
];

const implementationNames: Readonly<Record<Implementation, string>> = { cpython: 'CPython', pypy: 'PyPy' };

/** Returns the environment of `settings`, or undefined if `python` is not a version with a minor number. */
export function environmentFrom(settings: PlaceSettings): MarkerEnvironment | undefined {
  const { python, platform, machine, implementation } = settings;
  const pythonVariables = python === undefined ? {} : pythonFrom(python, implementation);
  if (pythonVariables === undefined) return undefined;
  return {
    ...pythonVariables,
    ...(platform && systems[platform]),
    ...(machine !== undefined && { platform_machine: machineName(machine, platform) }),
    ...(implementation && {
      implementation_name: implementation,
      platform_python_implementation: implementationNames[implementation],
    }),
  };
}

function pythonFrom(text: string, implementation: Implementation | undefined): MarkerEnvironment | undefined {
  const version = parseVersion(text);
  if (version === undefined || version.epoch !== 0 || version.release.length < 2) return undefined;
  const python_version = version.release.slice(0, 2).join('.');
  if (version.text === python_version) return { python_version };
  const full = { python_version, python_full_version: version.text };
  return implementation === 'cpython' ? { ...full, implementation_version: version.text } : full;
}

/** Returns the platform's spelling of `machine`, or undefined if the spelling depends on a platform that is unknown. */
function machineName(machine: string, platform: Platform | undefined): string | undefined {
  const lowerMachine = machine.toLowerCase();
  const names = machines.find((spellings) => platforms.some((name) => spellings[name].toLowerCase() === lowerMachine));
  if (names === undefined) return machine;
  return platform && names[platform];
}

/** The combinations of system, machine and Python that files are wanted for. */
import type { SystemName } from '../packaging/platform-tag-systems.ts';
import type { Python } from '../packaging/python-tag.ts';
import { parseVersion, type Version } from '../packaging/version.ts';
import type { WheelFilter } from '../packaging/wheel-tags.ts';
import type { InstallTarget } from './policy.ts';

/** The machines that exist for a system. A system that is not listed may have any. */
const machinesOf: ReadonlyMap<SystemName, readonly string[]> = new Map<SystemName, readonly string[]>([
  ['macos', ['x86_64', 'aarch64', 'i686', 'ppc', 'ppc64']],
  ['windows', ['x86_64', 'i686', 'aarch64', 'armv7l', 'ia64']],
  ['ios', ['aarch64', 'x86_64']],
  ['android', ['aarch64', 'x86_64', 'armv7l', 'i686']],
  ['emscripten', ['wasm32']],
]);

const notOnLinux = new Set(['wasm32']);

/** Returns Python `major` with minor version 0, which only wheels for every minor version fit. */
function oldest(major: number, implementation = 'cp'): Python {
  return { implementation, major, minor: 0, threaded: undefined };
}

/**
 * Returns the install targets of a wheel filter, and the systems for which none of its machines exists. What the filter
 * leaves open, a wheel must fit entirely: every system, every machine, every Python 3. Linux counts as one target
 * with glibc and one with musl.
 */
export function installTargetsOf(wheelFilter: WheelFilter): {
  readonly installTargets: readonly InstallTarget[];
  readonly unmatchedSystems: readonly SystemName[];
} {
  const pythons = wheelFilter.pythons ?? [oldest(3)];
  const installTargets: InstallTarget[] = [];
  const unmatchedSystems: SystemName[] = [];
  for (const system of new Set(wheelFilter.systems?.flatMap(libcsOf) ?? [undefined])) {
    const machines = wheelFilter.machines?.filter((machine) => system === undefined || isMadeFor(machine, system)) ?? [
      undefined,
    ];
    if (machines.length === 0 && system !== undefined) unmatchedSystems.push(system);
    for (const machine of machines)
      for (const python of pythons) installTargets.push(installTargetOf(wheelFilter, system, machine, python));
  }
  return { installTargets, unmatchedSystems };
}

function libcsOf(system: SystemName): readonly SystemName[] {
  return system === 'linux' ? ['manylinux', 'musllinux'] : [system];
}

function isMadeFor(machine: string, system: SystemName): boolean {
  return machinesOf.get(system)?.includes(machine) ?? !notOnLinux.has(machine);
}

/** Returns one install target. Undefined becomes an empty list, which only wheels for any system or machine fit. */
function installTargetOf(
  wheelFilter: WheelFilter,
  system: SystemName | undefined,
  machine: string | undefined,
  python: Python,
): InstallTarget {
  const asked = python.minor === undefined ? oldest(python.major, python.implementation) : python;
  const systems = system === undefined ? [] : [system];
  const machines = machine === undefined ? [] : [machine];
  return {
    wheelFilter: { ...wheelFilter, systems, machines, pythons: [asked] },
    patches: asked.minor === 0 ? [] : patchesOf(asked),
    text: [system ?? 'every system', machine ?? 'every machine', nameOf(asked)].join(', '),
  };
}

function patchesOf({ major, minor }: Python): Version[] {
  const ends = ['0', '999'].map((patch) => parseVersion(`${major}.${minor}.${patch}`));
  return ends.filter((version) => version !== undefined);
}

function nameOf({ implementation, major, minor, threaded }: Python): string {
  const prefix = implementation === 'cp' ? 'Python ' : `${implementation} `;
  return prefix + (minor === 0 ? `${major}` : `${major}.${minor}${threaded === true ? 't' : ''}`);
}

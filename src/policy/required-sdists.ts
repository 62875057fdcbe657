/** Finds the source distributions that must be built, because the wheels of their release do not fit everywhere. */
import type { ProjectName } from '../core/names.ts';
import { type DistributionName, parseDistributionName } from '../packaging/distribution-name.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import { machineNamed } from '../packaging/platform-tag-machines.ts';
import { systemNamed } from '../packaging/platform-tag-systems.ts';
import { pythonNamed } from '../packaging/python-tag.ts';
import { parseVersion } from '../packaging/version.ts';
import { type WheelFilter, wheelFits } from '../packaging/wheel-tags.ts';
import type { Policy } from './policy.ts';

/**
 * Returns those of `filenames`, which are held files of `project`, that an install target of `[files]`, or else an
 * `[[environment]]`, needs. Without either, a release with any wheel needs no source distribution.
 */
export function requiredSdists(
  { files, environments }: Pick<Policy, 'files' | 'environments'>,
  project: ProjectName,
  filenames: readonly string[],
): ReadonlySet<string> {
  const wheelFilters =
    files.wheelFilter === undefined
      ? environments.map(wheelFilterOf)
      : files.installTargets.map(({ wheelFilter }) => wheelFilter);
  const sources = new Map<string, string>();
  const wheels = new Map<string, DistributionName[]>();
  for (const filename of filenames) {
    const name = parseDistributionName(filename, project);
    const release = releaseOf(name?.version ?? '');
    if (name?.kind === 'sdist') sources.set(filename, release);
    if (name?.kind === 'wheel') wheels.set(release, [...(wheels.get(release) ?? []), name]);
  }
  const isServed = (release: string): boolean => {
    const its = wheels.get(release) ?? [];
    const fits = (wheelFilter: WheelFilter): boolean =>
      its.some(({ tags }) => tags !== undefined && wheelFits(tags, wheelFilter));
    return its.length > 0 && wheelFilters.every(fits);
  };
  return new Set([...sources].flatMap(([filename, release]) => (isServed(release) ? [] : [filename])));
}

function releaseOf(version: string): string {
  return parseVersion(version)?.order ?? version;
}

/** Returns the wheels that can be installed in an environment. What the environment leaves open is not filtered. */
function wheelFilterOf({
  sys_platform,
  platform_machine,
  python_version,
  implementation_name,
}: MarkerEnvironment): WheelFilter {
  const platform = sys_platform === 'win32' ? 'windows' : sys_platform;
  const system = platform === undefined ? undefined : systemNamed(platform);
  const machine = platform_machine === undefined ? undefined : machineNamed(platform_machine);
  const python =
    python_version === undefined ? undefined : pythonNamed(`${implementation_name ?? ''}${python_version}`);
  return {
    ...(system !== undefined && { systems: [system] }),
    ...(machine !== undefined && { machines: [machine] }),
    ...(python !== undefined && { pythons: [python] }),
  };
}

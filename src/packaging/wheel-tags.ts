/**
 * Compares the tags of wheels (PEP 425) with the machines that a mirror serves. A wheel that pip would install on one
 * of them always fits.
 */
import { type LibcVersion, type Platform, parsePlatformTag } from './platform-tag.ts';
import { type SystemName, systemFits } from './platform-tag-systems.ts';
import { type Python, type PythonTag, parsePythonTag, pythonFits } from './python-tag.ts';

/** The installations that a file fits: any of the Pythons, any of the ABIs, and any of the platforms. */
export interface WheelTags {
  readonly pythons: readonly PythonTag[];
  /** ABIs in lower case: `none`, `abi3`, `cp312`, `cp313t`, `pypy310_pp73`. */
  readonly abis: readonly string[];
  readonly platforms: readonly Platform[];
}

/** The wheels that a mirror wants to hold. An undefined member does not restrict; a list allows each of its values. */
export interface WheelFilter {
  readonly systems?: readonly SystemName[] | undefined;
  /** Names of machines as `machineNamed` returns them. */
  readonly machines?: readonly string[] | undefined;
  readonly pythons?: readonly Python[] | undefined;
  /** ABIs in lower case. `none` is always allowed. */
  readonly abis?: readonly string[] | undefined;
  /** The oldest glibc in use. A wheel that needs a newer one does not fit. */
  readonly glibc?: LibcVersion | undefined;
  /** The oldest musl in use. A wheel that needs a newer one does not fit. */
  readonly musl?: LibcVersion | undefined;
}

/** Reads the three compressed tag sets (PEP 425) in a wheel's name. */
export function parseWheelTags(python: string, abi: string, platform: string): WheelTags {
  return {
    pythons: python.toLowerCase().split('.').map(parsePythonTag),
    abis: abi.toLowerCase().split('.'),
    platforms: platform.split('.').map(parsePlatformTag),
  };
}

/** Returns true if one of the machines that `filter` describes could install a wheel with these tags. */
export function wheelFits(tags: WheelTags, filter: WheelFilter): boolean {
  return tags.platforms.some((platform) => platformFits(platform, filter)) && interpreterFits(tags, filter);
}

function platformFits(platform: Platform, filter: WheelFilter): boolean {
  if (platform.system === 'any') return true;
  const { systems, machines } = filter;
  if (systems !== undefined && !systems.some((name) => systemFits(platform, name))) return false;
  if (machines !== undefined && platform.machines?.some((machine) => machines.includes(machine)) === false)
    return false;
  return libcFits(platform, filter);
}

function libcFits({ libc }: Platform, filter: WheelFilter): boolean {
  const held = libc?.name === 'musl' ? filter.musl : filter.glibc;
  if (libc?.version === undefined || held === undefined) return true;
  const [major, minor] = libc.version;
  return major < held[0] || (major === held[0] && minor <= held[1]);
}

function interpreterFits({ pythons, abis }: WheelTags, filter: WheelFilter): boolean {
  const allowedAbis = abis.filter((abi) => abi === 'none' || (filter.abis?.includes(abi) ?? true));
  if (filter.pythons === undefined) return allowedAbis.length > 0;
  return filter.pythons.some((python) =>
    pythons.some((tag) => allowedAbis.some((abi) => pythonFits(tag, abi, python))),
  );
}

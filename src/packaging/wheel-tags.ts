/** The tags of a wheel (PEP 425) against the machines that a mirror serves: what pip would install there always fits. */
import { type LibcVersion, type Platform, parsePlatformTag } from './platform-tag.ts';
import { type SystemName, systemFits } from './platform-tag-systems.ts';
import { type Python, type PythonTag, parsePythonTag, pythonFits } from './python-tag.ts';

/** Where a file can be installed: with any of the pythons, any of the ABIs and on any of the platforms. */
export interface WheelTags {
  readonly pythons: readonly PythonTag[];
  /** `none`, `abi3`, `cp312`, `cp313t`, `pypy310_pp73`: in lower case. */
  readonly abis: readonly string[];
  readonly platforms: readonly Platform[];
}

/** What a mirror wants to hold: what is undefined does not restrict, the lists say «one of these». */
export interface WheelFilter {
  readonly systems?: readonly SystemName[] | undefined;
  /** By their one name: what `machineNamed` returns. */
  readonly machines?: readonly string[] | undefined;
  readonly pythons?: readonly Python[] | undefined;
  /** In lower case. `none` need not be listed. */
  readonly abis?: readonly string[] | undefined;
  /** The oldest glibc in use: a wheel that needs a newer one does not fit. */
  readonly glibc?: LibcVersion | undefined;
  /** The oldest musl in use. */
  readonly musl?: LibcVersion | undefined;
}

/** Reads the three compressed tag sets (PEP 425) of a wheel's name. */
export function parseWheelTags(python: string, abi: string, platform: string): WheelTags {
  return {
    pythons: python.toLowerCase().split('.').map(parsePythonTag),
    abis: abi.toLowerCase().split('.'),
    platforms: platform.split('.').map(parsePlatformTag),
  };
}

/** True when one of the machines that `wish` describes could install a wheel with these tags. */
export function wheelFits(tags: WheelTags, wish: WheelFilter): boolean {
  return tags.platforms.some((platform) => platformFits(platform, wish)) && interpreterFits(tags, wish);
}

function platformFits(platform: Platform, wish: WheelFilter): boolean {
  if (platform.system === 'any') return true;
  const { systems, machines } = wish;
  if (systems !== undefined && !systems.some((name) => systemFits(platform, name))) return false;
  if (machines !== undefined && platform.machines?.some((machine) => machines.includes(machine)) === false)
    return false;
  return libcFits(platform, wish);
}

function libcFits({ libc }: Platform, wish: WheelFilter): boolean {
  const held = libc?.name === 'musl' ? wish.musl : wish.glibc;
  if (libc?.version === undefined || held === undefined) return true;
  const [major, minor] = libc.version;
  return major < held[0] || (major === held[0] && minor <= held[1]);
}

function interpreterFits({ pythons, abis }: WheelTags, wish: WheelFilter): boolean {
  const wanted = abis.filter((abi) => abi === 'none' || (wish.abis?.includes(abi) ?? true));
  if (wish.pythons === undefined) return wanted.length > 0;
  return wish.pythons.some((python) => pythons.some((tag) => wanted.some((abi) => pythonFits(tag, abi, python))));
}

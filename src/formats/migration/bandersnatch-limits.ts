/** Converts the filters of bandersnatch that become `[releases]` and `[files]`. */
import { knownKinds } from '../../packaging/distribution-name-kinds.ts';
import { knownSystems, type SystemName } from '../../packaging/platform-tag-systems.ts';
import {
  confLines,
  confText,
  type ImportedSetting,
  type ImportSource,
  lost,
  note,
  type Outcome,
} from './bandersnatch-conversion.ts';

/** Converts prerelease_release. */
export function noPrereleases(_value: string, source: ImportSource): Outcome {
  if (confLines(source, 'filter_prerelease', 'packages').length > 0) {
    return lost('no equivalent for some projects alone: their prereleases are mirrored too');
  }
  return {
    settings: [{ table: 'releases', name: 'prereleases', value: false }],
    notes: [
      'PEP 440 says which versions are prereleases; those of projects without other releases are held, and those that are asked for by name',
    ],
  };
}

/** Converts latest_release. */
export function latestReleases(_value: string, source: ImportSource): Outcome {
  const keep = confText(source, 'latest_release', 'keep').trim();
  if (keep === '' || keep === '0') return note('without a number to keep it did nothing');
  if (!/^\+?0*[1-9]\d{0,8}$/.test(keep)) return lost('left out: expected a whole number from 1 on to keep');
  const isByTime = !['', 'version'].includes(confText(source, 'latest_release', 'sort_by').trim());
  const settings = [{ table: 'releases', name: 'keep', value: Number(keep) }] as const;
  if (isByTime) return { settings, notes: ['the newest by version are kept, not by time'], isLost: true };
  return {
    settings,
    notes: [
      'releases with a file left are counted, for each requirement by itself; the current one is not always kept',
    ],
  };
}

interface LeftOut {
  readonly systems: readonly SystemName[];
  readonly kinds: readonly string[];
}

const windows: LeftOut = { systems: ['windows'], kinds: ['wininst', 'msi'] };
const macos: LeftOut = { systems: ['macos'], kinds: ['dmg'] };

const platforms: ReadonlyMap<string, LeftOut> = new Map([
  ['windows', windows],
  ['win', windows],
  ['macos', macos],
  ['macosx', macos],
  // Wheels for a system that has no name here count as `other`, so wheels for FreeBSD may too.
  ['freebsd', { systems: ['freebsd', 'other'], kinds: [] }],
  ['linux', { systems: ['linux'], kinds: ['rpm'] }],
]);

/** Converts exclude_platform. */
export function otherPlatforms(_value: string, source: ImportSource): Outcome {
  const named = confText(source, 'blocklist', 'platforms').toLowerCase().split(/\s+/);
  const words = named.filter((word) => word !== '');
  const known = words.flatMap((word) => platforms.get(word) ?? []);
  const missed = words.filter((word) => !platforms.has(word)).length;
  if (words.length === 0) return note('without platforms it did nothing');
  const unknown = `no equivalent for ${missed} of the platforms, which are none of windows, macos, freebsd and linux`;
  if (known.length === 0) return lost(unknown);
  const others = words.includes('freebsd') ? ', and with FreeBSD systems without a name here' : '';
  const difference = `all files for these systems alone are left out, also those that bandersnatch overlooks${others}`;
  const settings = filesBut(known);
  return missed === 0
    ? { settings, notes: [difference] }
    : { settings, notes: [`${unknown}; ${difference}`], isLost: true };
}

function filesBut(leftOut: readonly LeftOut[]): readonly ImportedSetting[] {
  const systems = new Set<SystemName>(leftOut.flatMap((one) => one.systems));
  // These are parts of linux, which stays in the list.
  for (const part of ['manylinux', 'musllinux'] as const) systems.add(part);
  const kinds = new Set(leftOut.flatMap((one) => one.kinds));
  const held = { table: 'files', name: 'systems', value: knownSystems.filter((name) => !systems.has(name)) } as const;
  if (kinds.size === 0) return [held];
  return [{ table: 'files', name: 'kinds', value: knownKinds.filter((kind) => !kinds.has(kind)) }, held];
}

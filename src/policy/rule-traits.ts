/**
 * One table for the rules of `[releases]` and `[files]`: their keys in `mirror.toml`, and the values that the
 * fingerprint hashes. Whether a policy leaves anything out follows from it. The code does not compile if a rule is
 * missing.
 */
import type { WheelFilter } from '../packaging/wheel-tags.ts';
import type { FileRules, Policy, ReleaseRules } from './policy.ts';

interface Trait<Rules> {
  /** The keys of `mirror.toml` that set it. */
  readonly keys: readonly string[];
  /** Returns the values that plans depend on; undefined if the rule is not set. */
  readonly hashed: (rules: Rules) => unknown;
}

/** A member that follows from the keys of another one. */
const derived = { keys: [], hashed: undefined } as const;

/** In the order in which rules are hashed, which must stay: the hashes are stored. */
type Traits<Rules> = { readonly [Member in keyof Rules]-?: Trait<Rules> | typeof derived };

const releaseTraits = {
  noPrereleases: { keys: ['prereleases'], hashed: ({ noPrereleases }) => noPrereleases !== undefined },
  noYanked: { keys: ['yanked'], hashed: ({ noYanked }) => noYanked !== undefined },
  keep: { keys: ['keep', 'keep-per'], hashed: ({ keep }) => keep && [keep.value.count, keep.value.per] },
  minAgeMs: {
    keys: ['min-age', 'min-age-exempt'],
    hashed: ({ minAgeMs, minAgeExempt }) => minAgeMs && [minAgeMs.value, minAgeExempt],
  },
  isMinAgeExempt: derived,
  minAgeExempt: derived,
  maxAgeMs: { keys: ['max-age'], hashed: ({ maxAgeMs }) => maxAgeMs?.value },
} as const satisfies Traits<ReleaseRules>;

/** The keys of a wheel filter, and whether each is a list, whose order means nothing. */
const isFilterList = {
  systems: true,
  machines: true,
  pythons: true,
  abis: true,
  glibc: false,
  musl: false,
} as const satisfies { readonly [Key in keyof WheelFilter]-?: boolean };

/** The keys of `[files]` that are a wheel filter. */
export const wheelFilterKeys = membersOf(isFilterList);

const fileTraits = {
  kinds: { keys: ['kinds'], hashed: ({ kinds }) => kinds && [...kinds.value].sort() },
  sdists: { keys: ['sdists'], hashed: ({ sdists }) => sdists?.value },
  wheelFilter: { keys: wheelFilterKeys, hashed: ({ wheelFilter }) => wheelFilter && wheelFilterText(wheelFilter) },
  wheelFilters: derived,
  installTargets: derived,
  maxSize: { keys: ['max-size'], hashed: ({ maxSize }) => maxSize?.value },
  maxProjectSize: { keys: ['max-project-size'], hashed: ({ maxProjectSize }) => maxProjectSize?.value },
} as const satisfies Traits<FileRules>;

/** The keys of `[releases]`. */
export const releaseKeys = keysOf(releaseTraits);

/** The keys of `[files]`. */
export const fileKeys = keysOf(fileTraits);

/** Returns true if any rule leaves out releases or files. */
export function isRestricting({ releases, files }: Pick<Policy, 'releases' | 'files'>): boolean {
  return isAnySet(releases, releaseTraits) || isAnySet(files, fileTraits);
}

/** Returns the values of `[releases]` that are hashed. */
export function releasesText(rules: ReleaseRules): unknown {
  return hashedOf(rules, releaseTraits);
}

/** Returns the values of `[files]` that are hashed. */
export function filesText(rules: FileRules): unknown {
  return hashedOf(rules, fileTraits);
}

/** Returns the values as sorted texts, for lists whose order has no meaning. */
export function sortedTexts(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}

function wheelFilterText(filter: WheelFilter): unknown {
  return wheelFilterKeys.map((key) => (isFilterList[key] ? filter[key] && sortedTexts(filter[key]) : filter[key]));
}

function isAnySet<Rules extends object>(rules: Rules, traits: Traits<Rules>): boolean {
  return membersOf(traits).some((member) => traits[member] !== derived && rules[member] !== undefined);
}

function hashedOf<Rules extends object>(rules: Rules, traits: Traits<Rules>): unknown[] {
  return membersOf(traits).flatMap((member) => {
    const { hashed } = traits[member];
    return hashed === undefined ? [] : [hashed(rules)];
  });
}

function keysOf<Table extends Readonly<Record<string, { readonly keys: readonly string[] }>>>(
  traits: Table,
): readonly Table[keyof Table]['keys'][number][] {
  return Object.values(traits).flatMap(({ keys }) => keys);
}

function membersOf<Table extends object>(table: Table): readonly (keyof Table)[] {
  return Object.keys(table) as (keyof Table)[];
}

/** What a requirements or lock file lists and this mirror is not to hold: it comes from elsewhere, or is for other places. */
import { andMore } from '../core/and-more.ts';
import { originOf, shownAddress } from '../core/index-address.ts';
import type { ProjectName } from '../core/names.ts';
import type { ListedIndex, ListedRequirement, ListedRequirements } from '../formats/requirements/listed-requirement.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import { evaluateMarker, markerText } from '../packaging/marker.ts';
import { type Requirement, requirementText } from '../packaging/requirement.ts';
import type { IndexAliases } from './index-aliases.ts';
import type { Reason } from './reason.ts';

/** What a file lists, parted. */
export interface SplitListed {
  readonly wanted: readonly ListedRequirement[];
  /** Projects that it wants from another index only: nothing of upstream's is to be taken for them. */
  readonly elsewhere: ReadonlySet<ProjectName>;
  /** Why other projects are left out. */
  readonly leftOut: ReadonlyMap<ProjectName, Reason>;
  /** One line for each index and each marker. */
  readonly notes: readonly string[];
}

/** What decides. */
export interface SplitOptions {
  readonly upstream: IndexAliases;
  readonly environments: readonly MarkerEnvironment[];
}

type Listed = Pick<ListedRequirements, 'requirements' | 'outside' | 'isLock'>;

const namesShown = 100;

/** Parts what a file lists. */
export function splitListed(
  { requirements, outside, isLock }: Listed,
  { upstream, environments }: SplitOptions,
): SplitListed {
  // Who installs from a lock file chooses extras and groups.
  const extras = isLock ? undefined : [];
  const wanted: ListedRequirement[] = [];
  const elsewhere = new Set<ProjectName>();
  const leftOut = new Map<ProjectName, Reason>();
  const lines = new Lines();
  for (const { name, where, why } of outside) {
    elsewhere.add(name);
    leftOut.set(name, { where, text: name, detail: why });
  }
  for (const one of requirements) {
    const { requirement, where, indexes } = one;
    const { name, marker } = requirement;
    const others = indexes?.filter((index) => !upstream.has(index)) ?? [];
    const leave = (detail: string): void => {
      if (!leftOut.has(name)) leftOut.set(name, { where, text: requirementText(requirement), detail });
    };
    if (requirement.url === undefined && indexes?.length === others.length) {
      elsewhere.add(name);
      leave(others[0] === undefined ? 'it comes from no index' : `it comes from ${shownIndex(others[0])}`);
      lines.add(otherIndexNote(others[0], where, upstream), name);
    } else if (!mayApply(requirement, environments, extras) && marker !== undefined) {
      const text = `its marker ${markerText(marker)} is true in no [[environment]]`;
      leave(text);
      lines.add([where, `left out, as ${text.slice('its '.length)}`, ''], requirementText(requirement));
    } else {
      wanted.push(one);
      if (others[0] !== undefined && one.sha256s.length === 0) lines.add(ambiguousIndexNote(others[0], upstream), name);
    }
  }
  for (const { requirement } of wanted) {
    if (requirement.url !== undefined) continue;
    elsewhere.delete(requirement.name);
    leftOut.delete(requirement.name);
  }
  return { wanted, elsewhere, leftOut, notes: lines.all() };
}

/** Whether the marker of a requirement may hold in one of the environments; undefined extras are not known. */
export function mayApply(
  { marker }: Requirement,
  environments: readonly MarkerEnvironment[],
  extras: readonly string[] | undefined,
): boolean {
  return (
    marker === undefined ||
    orAnyEnvironment(environments).some((place) => evaluateMarker(marker, place, extras) !== false)
  );
}

/** The environments, or one of which nothing is known. */
export function orAnyEnvironment(environments: readonly MarkerEnvironment[]): readonly MarkerEnvironment[] {
  return environments.length === 0 ? [{}] : environments;
}

/** Where, and what is said before and behind the names. */
type Line = readonly [where: string, before: string, behind: string];

function otherIndexNote(index: ListedIndex | undefined, where: string, upstream: IndexAliases): Line {
  if (index === undefined) return [where, 'with --no-index it comes from no index, and is passed over', ''];
  const before = `${shownIndex(index)} is not ${upstream.address}, and what comes from it is passed over`;
  return [index.where, before, '; if it is the same index, put it into upstream-aliases in mirror.toml'];
}

/** Installers ask all of the indexes, too, and take the best that they find. */
function ambiguousIndexNote(index: ListedIndex, upstream: IndexAliases): Line {
  const before = `installers look at ${shownIndex(index)}, too, and nothing tells what comes from there: what ${upstream.address} has is held of`;
  return [index.where, before, '; hashes would tell'];
}

function shownIndex({ address = '', isOfFiles }: ListedIndex): string {
  return (isOfFiles === true ? originOf(address) : undefined) ?? shownAddress(address);
}

/** Lines that say the same of many projects, each told at the first place where it is said. */
class Lines {
  readonly #found = new Map<string, { readonly where: string; readonly behind: string; readonly names: Set<string> }>();

  add([where, before, behind]: Line, name: string): void {
    const known = this.#found.get(before);
    if (known === undefined) this.#found.set(before, { where, behind, names: new Set([name]) });
    else known.names.add(name);
  }

  all(): string[] {
    return [...this.#found].map(([before, { where, behind, names }]) => {
      const shown = [...names].slice(0, namesShown).join(', ');
      const more = andMore(names.size - namesShown);
      return `${where}: ${before}: ${shown}${more}${behind}`;
    });
  }
}

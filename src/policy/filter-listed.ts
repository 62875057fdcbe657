/**
 * Separates what a requirements or lock file lists into what this mirror is to hold, and what comes from another index
 * or is for other environments.
 */
import { andMore } from '../core/and-more.ts';
import { originOf, shownAddress } from '../core/index-address.ts';
import type { ProjectName } from '../core/names.ts';
import type { ListedIndex, ListedRequirement, ListedRequirements } from '../formats/requirements/listed-requirement.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import { evaluateMarker, markerText } from '../packaging/marker.ts';
import { type Requirement, requirementText } from '../packaging/requirement.ts';
import type { IndexAliases } from './index-aliases.ts';
import type { Reason } from './reason.ts';

/** The requirements of a file, separated. */
export interface SplitListed {
  readonly wanted: readonly ListedRequirement[];
  /** Projects that the file takes from another index only. Nothing of upstream's may be taken for them. */
  readonly elsewhere: ReadonlySet<ProjectName>;
  /** The reasons why projects are left out. */
  readonly leftOut: ReadonlyMap<ProjectName, Reason>;
  /** One line for each index and each marker, for people. */
  readonly notes: readonly string[];
  /** The requirements that come from another index only, or from none. */
  readonly passedOver: readonly PassedOver[];
}

/** A project that is wanted from another index than the one that a rule takes its projects from. */
export interface PassedOver {
  readonly name: ProjectName;
  /** Undefined for no index at all. */
  readonly index: ListedIndex | undefined;
  readonly where: string;
  /** The index that the rule takes its projects from. */
  readonly upstream: IndexAliases;
}

/** The upstream and the environments that decide. */
export interface SplitOptions {
  readonly upstream: IndexAliases;
  readonly environments: readonly MarkerEnvironment[];
}

type Listed = Pick<ListedRequirements, 'requirements' | 'outside' | 'isLock'>;

const namesShown = 100;

/** Separates what a file lists. */
export function splitListed(
  { requirements, outside, isLock }: Listed,
  { upstream, environments }: SplitOptions,
): SplitListed {
  // Whoever installs from a lock file chooses extras and groups, so any of them may apply.
  const extras = isLock ? undefined : [];
  const wanted: ListedRequirement[] = [];
  const elsewhere = new Set<ProjectName>();
  const leftOut = new Map<ProjectName, Reason>();
  const lines = new Lines();
  const passedOver: PassedOver[] = [];
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
      passedOver.push({ name, index: others[0], where, upstream });
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
  return { wanted, elsewhere, leftOut, notes: lines.all(), passedOver };
}

/** One line for each index. */
export function passedOverLines(passedOver: readonly PassedOver[]): readonly string[] {
  const lines = new Lines();
  for (const one of passedOver) lines.add(passedOverLine(one), one.name);
  return lines.all();
}

/**
 * Returns true if the marker of a requirement may be true in one of the environments. Undefined extras mean that any
 * may be chosen.
 */
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

/** Returns the environments, or a single unknown one if there are none. */
export function orAnyEnvironment(environments: readonly MarkerEnvironment[]): readonly MarkerEnvironment[] {
  return environments.length === 0 ? [{}] : environments;
}

/** The location, and the text before and behind the names. */
type Line = readonly [where: string, before: string, behind: string];

function passedOverLine({ index, where, upstream }: PassedOver): Line {
  if (index === undefined) return [where, 'with --no-index it comes from no index, and is passed over', ''];
  const before = `${shownIndex(index)} is not ${upstream.address}, and what comes from it is passed over`;
  return [index.where, before, '; if it is the same index, put it into upstream-aliases in mirror.toml'];
}

/** Returns the note about a project of several indexes: installers ask all of them and take the best match. */
function ambiguousIndexNote(index: ListedIndex, upstream: IndexAliases): Line {
  const before = `installers look at ${shownIndex(index)}, too, and nothing tells what comes from there: what ${upstream.address} has is held of`;
  return [index.where, before, '; hashes would tell'];
}

function shownIndex({ address = '', isOfFiles }: ListedIndex): string {
  return (isOfFiles === true ? originOf(address) : undefined) ?? shownAddress(address);
}

/** Notes that concern several projects, merged. The first location of a note is the one that is shown. */
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

/** What the held releases require, what that requires, and so on. */
import { dependencyText } from '../core/dependency-reason.ts';
import type { ProjectName } from '../core/names.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import { evaluateMarker, type Marker, parseMarker } from '../packaging/marker.ts';
import { contains, parseSpecifier } from '../packaging/specifier.ts';
import { parseVersion, type Version } from '../packaging/version.ts';
import { orAnyEnvironment } from './filter-listed.ts';
import { anyVersion, dependencyWant, type Want } from './want.ts';

/** That one release of a project requires another project. Texts are as the metadata has them. */
export interface Edge {
  /** The version of the release that requires. */
  readonly release: string;
  readonly target: ProjectName;
  /** Normalized. */
  readonly extras: readonly string[];
  readonly specifier: string;
  /** What follows the `;`. */
  readonly marker: string | undefined;
}

/**
 * What the projects in `roots`, with their wants, need of others: the wants for each project that something depends on,
 * which may be a root itself. `edgesOf` gives what the held releases of a project require, and nothing for a project of
 * which no files are held; it is asked once for each project. With several environments a dependency of one is enough;
 * with none, all that may be needed anywhere. The same wants, in the same order, for roots in any order. `tellCut` is called
 * once for each project of which more is required than any real index has, or that requires it: what comes last is left out.
 */
export function dependencyClosure(
  roots: ReadonlyMap<ProjectName, readonly Want[]>,
  edgesOf: (name: ProjectName) => readonly Edge[],
  environments: readonly MarkerEnvironment[],
  tellCut: (requirer: ProjectName, target: ProjectName) => void = () => {},
): Map<ProjectName, Want[]> {
  const guardOf = guardsIn(environments);
  const specifierOf = cached((text) => parseSpecifier(text) ?? anyVersion);
  const requirerOf = cached((name) => projectEdgesOf(edgesOf(name as ProjectName), guardOf));
  const known = new Set<string>();
  const bounds = new WantBounds();
  const found = new Map<ProjectName, Want[]>();
  const sorted = [...roots].sort(([a], [b]) => (a < b ? -1 : 1));
  const open = sorted.flatMap(([name, wants]) => wants.map((want) => ({ name, want })));
  // The list grows while it is gone through: what was found first is looked at first.
  for (const { name, want } of open) {
    for (const edge of edgesToFollow(requirerOf(name), want)) {
      const { target, specifier, release } = edge;
      if (want.limits?.elsewhere.has(target) === true) continue;
      const because = { where: want.because.where, text: dependencyText(name, release) };
      const extras = knownOf(edge.extras, requirerOf(target).extras);
      const next = dependencyWant(target, specifierOf(specifier), extras, want.limits, because);
      const key = [target, next.specifier.text, keyOf(extras), next.limits?.path].join('\n');
      if (known.has(key)) continue;
      if (!bounds.admit(name, target, next)) {
        if (bounds.isNew(name)) tellCut(name, target);
        continue;
      }
      known.add(key);
      open.push({ name: target, want: next });
      const wants = found.get(target);
      if (wants === undefined) found.set(target, [next]);
      else wants.push(next);
    }
  }
  return found;
}

/**
 * How much may be wanted, in clauses of specifiers: each release of the other project is compared with each of them. Who
 * publishes one project must not decide how long a run takes for another one.
 */
const maxClauses = {
  /** By one project of another one: boto3, with two thousand releases, has four thousand. */
  ofPair: 8_000,
  /** By one project of all others. */
  byOne: 50_000,
  /** Of one project. */
  ofOne: 32_000,
  ofAll: 2_000_000,
} as const;

/** What was admitted so far. What is nearer to what the rules name is found earlier. */
class WantBounds {
  readonly #counts = new Map<string, number>();
  readonly #told = new Set<string>();
  #all = 0;

  admit(requirer: ProjectName, target: ProjectName, { specifier }: Want): boolean {
    const clauses = Math.max(1, specifier.clauses.length);
    const bounds: readonly (readonly [key: string, bound: number])[] = [
      [`${requirer} ${target}`, maxClauses.ofPair],
      [`${requirer} *`, maxClauses.byOne],
      [`* ${target}`, maxClauses.ofOne],
    ];
    if (this.#all + clauses > maxClauses.ofAll) return false;
    if (bounds.some(([key, bound]) => (this.#counts.get(key) ?? 0) + clauses > bound)) return false;
    for (const [key] of bounds) this.#counts.set(key, (this.#counts.get(key) ?? 0) + clauses);
    this.#all += clauses;
    return true;
  }

  /** Whether nobody has asked about `requirer` before. */
  isNew(requirer: ProjectName): boolean {
    const before = this.#told.size;
    return this.#told.add(requirer).size > before;
  }
}

/** What the releases of a project require. */
interface ProjectEdges {
  readonly releases: readonly ReleaseEdges[];
  /** Those that mean something to one of them: what else is asked for is as if it were not. */
  readonly extras: ReadonlySet<string>;
}

/** A release that requires something. */
interface ReleaseEdges {
  readonly version: Version | string;
  readonly edges: readonly GuardedEdge[];
  /** The places in `edges` of those that may need an extra. */
  readonly byExtra: ReadonlyMap<string, readonly number[]>;
  /** The extras that it has been asked for, so that many wants for the same cost little. */
  readonly asked: Set<string>;
}

interface GuardedEdge {
  readonly edge: Edge;
  readonly guard: Guard | undefined;
}

function projectEdgesOf(edges: readonly Edge[], guardOf: (marker: string) => Guard): ProjectEdges {
  const byRelease = new Map<string, GuardedEdge[]>();
  for (const edge of edges) {
    const guarded = { edge, guard: edge.marker === undefined ? undefined : guardOf(edge.marker) };
    const known = byRelease.get(edge.release);
    if (known === undefined) byRelease.set(edge.release, [guarded]);
    else known.push(guarded);
  }
  const releases = [...byRelease].map(([text, its]) => releaseEdgesOf(parseVersion(text) ?? text, its));
  return { releases, extras: new Set(releases.flatMap(({ byExtra }) => [...byExtra.keys()])) };
}

function releaseEdgesOf(version: Version | string, edges: readonly GuardedEdge[]): ReleaseEdges {
  const byExtra = new Map<string, number[]>();
  for (const [at, { guard }] of edges.entries()) {
    for (const extra of guard?.extras ?? []) {
      const places = byExtra.get(extra);
      if (places === undefined) byExtra.set(extra, [at]);
      else places.push(at);
    }
  }
  return { version, edges, byExtra, asked: new Set() };
}

/** The edges that lead on from `want`, without those that led on from another one under the same limits. */
function edgesToFollow({ releases }: ProjectEdges, { specifier, extras, limits }: Want): Edge[] {
  return releases.flatMap((release) => {
    const { version, edges, byExtra, asked } = release;
    const named = knownOf(extras, byExtra);
    const limited = `\n${limits?.path}`;
    const key = keyOf(named) + limited;
    if (asked.has(key) || !contains(specifier, version)) return [];
    // What needs no extra was followed the first time, and the rest can only follow from one that it names.
    const candidates = asked.has(limited) ? positionsOf(named, byExtra).flatMap((at) => edges[at] ?? []) : edges;
    asked.add(key).add(limited);
    return candidates.filter(({ guard }) => guard?.isNeeded(named) !== false).map(({ edge }) => edge);
  });
}

/** In the order of the edges. */
function positionsOf(extras: readonly string[], byExtra: ReleaseEdges['byExtra']): number[] {
  const places = new Set(extras.flatMap((extra) => byExtra.get(extra) ?? []));
  return [...places].sort((a, b) => a - b);
}

/** A marker, in the environments that count. */
interface Guard {
  /** Those that it names. */
  readonly extras: ReadonlySet<string>;
  isNeeded(extras: readonly string[]): boolean;
}

/** A marker that cannot be read or decided may hold. */
function guardsIn(environments: readonly MarkerEnvironment[]): (marker: string) => Guard {
  const places = orAnyEnvironment(environments);
  return cached((text) => {
    const marker = parseMarker(text);
    const named = marker && namedExtras(marker);
    const answers = new Map<string, boolean>();
    const isNeeded = (extras: readonly string[]): boolean => {
      const asked = named && knownOf(extras, named);
      const key = keyOf(asked ?? []);
      const known = answers.get(key);
      if (known !== undefined) return known;
      const answer = marker === undefined || places.some((place) => evaluateMarker(marker, place, asked) !== false);
      answers.set(key, answer);
      return answer;
    };
    return { extras: named ?? new Set(), isNeeded };
  });
}

/** Each of `extras` once that `known` has. */
function knownOf(extras: readonly string[], known: { has(extra: string): boolean }): string[] {
  return extras.length === 0 ? [] : [...new Set(extras)].filter((extra) => known.has(extra));
}

function keyOf(extras: readonly string[]): string {
  return [...extras].sort().join();
}

function cached<T>(make: (text: string) => T): (text: string) => T {
  const made = new Map<string, T>();
  return (text) => {
    const known = made.get(text);
    if (known !== undefined || made.has(text)) return known as T;
    const value = make(text);
    made.set(text, value);
    return value;
  };
}

/**
 * The extras by whose names `marker` asks (`extra == "x"`, `"x" in extras`); others mean nothing to it, and more of them
 * never make it fail. Undefined where it asks in another way, which is when any may mean something.
 */
function namedExtras(marker: Marker): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  const open: Marker[] = [marker];
  for (const part of open) {
    if (part.join !== undefined) {
      for (const inner of part.parts) open.push(inner);
      continue;
    }
    const { variable, operator, value, isReversed } = part;
    if (variable !== 'extra' && variable !== 'extras') continue;
    if (variable === 'extra' ? operator !== '==' : operator !== 'in' || !isReversed) return undefined;
    names.add(value);
  }
  return names;
}

/** The transitive dependencies of the held releases. */
import { dependencyText } from '../core/dependency-reason.ts';
import type { ProjectName } from '../core/names.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import { evaluateMarker, type Marker, parseMarker } from '../packaging/marker.ts';
import { contains, parseSpecifier } from '../packaging/specifier.ts';
import { parseVersion, type Version } from '../packaging/version.ts';
import { orAnyEnvironment } from './filter-listed.ts';
import { anyVersion, dependencyWant, type Want } from './want.ts';

/** A requirement of one release of a project on another project. Texts are those of the metadata. */
export interface Edge {
  /** The version of the requiring release. */
  readonly release: string;
  readonly target: ProjectName;
  /** Normalized names of extras. */
  readonly extras: readonly string[];
  readonly specifier: string;
  /** The text behind the `;`. */
  readonly marker: string | undefined;
}

/**
 * Returns the wants that the projects in `roots`, with their wants, cause for other projects, by project. A root may be
 * among these. `edgesOf` returns the requirements of the held releases of a project, and none for a project without
 * held files; it is called once for each project. With several environments a dependency in one of them is enough.
 * Without environments everything counts that may be needed anywhere. The result and its order do not depend on the
 * order of the roots. If a project requires, or is required, more than in any real index, what comes last is left out,
 * and `onCut` is called once for each such requiring project.
 */
export function dependencyClosure(
  roots: ReadonlyMap<ProjectName, readonly Want[]>,
  edgesOf: (name: ProjectName) => readonly Edge[],
  environments: readonly MarkerEnvironment[],
  onCut: (requirer: ProjectName, target: ProjectName) => void = () => {},
): Map<ProjectName, Want[]> {
  const evaluate = markerEvaluator(environments);
  const specifierOf = cached((text) => parseSpecifier(text) ?? anyVersion);
  const requirerOf = cached((name) => projectEdgesOf(edgesOf(name as ProjectName), evaluate));
  const known = new Set<string>();
  const bounds = new WantBounds();
  const found = new Map<ProjectName, Want[]>();
  const sorted = [...roots].sort(([a], [b]) => (a < b ? -1 : 1));
  const open = sorted.flatMap(([name, wants]) => wants.map((want) => ({ name, want })));
  // The list grows during the loop: this is a breadth-first search.
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
        if (bounds.isNew(name)) onCut(name, target);
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
 * Limits on wants, in clauses of specifiers. Each release of the required project is compared with each clause, and the
 * publisher of one project must not decide how long a run takes for another project.
 */
const maxClauses = {
  /** By one project on another one. boto3, with two thousand releases, has four thousand. */
  ofPair: 8_000,
  /** By one project on all others together. */
  byOne: 50_000,
  /** On one project. */
  ofOne: 32_000,
  ofAll: 2_000_000,
} as const;

/** Counts the wants admitted so far. Wants closer to what the rules name come earlier, so they are admitted first. */
class WantBounds {
  readonly #counts = new Map<string, number>();
  readonly #reported = new Set<string>();
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

  /** Returns true for the first call with `requirer`. */
  isNew(requirer: ProjectName): boolean {
    const before = this.#reported.size;
    return this.#reported.add(requirer).size > before;
  }
}

/** The requirements of the releases of a project. */
interface ProjectEdges {
  readonly releases: readonly ReleaseEdges[];
  /** The extras that some release knows. Other extras are ignored. */
  readonly extras: ReadonlySet<string>;
}

/** A release with its requirements. */
interface ReleaseEdges {
  readonly version: Version | string;
  readonly edges: readonly ConditionalEdge[];
  /** For each extra, the positions in `edges` of the requirements that it may enable. */
  readonly byExtra: ReadonlyMap<string, readonly number[]>;
  /** Sets of extras that were requested before, so that many wants for the same set cost little. */
  readonly asked: Set<string>;
}

interface ConditionalEdge {
  readonly edge: Edge;
  readonly condition: EvaluatedMarker | undefined;
}

function projectEdgesOf(edges: readonly Edge[], evaluate: (marker: string) => EvaluatedMarker): ProjectEdges {
  const byRelease = new Map<string, ConditionalEdge[]>();
  for (const edge of edges) {
    const conditional = { edge, condition: edge.marker === undefined ? undefined : evaluate(edge.marker) };
    const known = byRelease.get(edge.release);
    if (known === undefined) byRelease.set(edge.release, [conditional]);
    else known.push(conditional);
  }
  const releases = [...byRelease].map(([text, its]) => releaseEdgesOf(parseVersion(text) ?? text, its));
  return { releases, extras: new Set(releases.flatMap(({ byExtra }) => [...byExtra.keys()])) };
}

function releaseEdgesOf(version: Version | string, edges: readonly ConditionalEdge[]): ReleaseEdges {
  const byExtra = new Map<string, number[]>();
  for (const [at, { condition }] of edges.entries()) {
    for (const extra of condition?.extras ?? []) {
      const places = byExtra.get(extra);
      if (places === undefined) byExtra.set(extra, [at]);
      else places.push(at);
    }
  }
  return { version, edges, byExtra, asked: new Set() };
}

/** Returns the edges that `want` leads to, without those already followed from another want under the same limits. */
function edgesToFollow({ releases }: ProjectEdges, { specifier, extras, limits }: Want): Edge[] {
  return releases.flatMap((release) => {
    const { version, edges, byExtra, asked } = release;
    const named = knownOf(extras, byExtra);
    const limited = `\n${limits?.path}`;
    const key = keyOf(named) + limited;
    if (asked.has(key) || !contains(specifier, version)) return [];
    // Edges that need no extra were followed the first time, so now only edges of the named extras can be new.
    const candidates = asked.has(limited) ? positionsOf(named, byExtra).flatMap((at) => edges[at] ?? []) : edges;
    asked.add(key).add(limited);
    return candidates.filter(({ condition }) => condition?.isNeeded(named) !== false).map(({ edge }) => edge);
  });
}

/** Returns the positions of the edges of `extras`, in the order of the edges. */
function positionsOf(extras: readonly string[], byExtra: ReleaseEdges['byExtra']): number[] {
  const places = new Set(extras.flatMap((extra) => byExtra.get(extra) ?? []));
  return [...places].sort((a, b) => a - b);
}

/** A marker, evaluated in the configured environments. */
interface EvaluatedMarker {
  /** The extras that the marker names. */
  readonly extras: ReadonlySet<string>;
  isNeeded(extras: readonly string[]): boolean;
}

/** Returns a cached parser of markers. A marker that cannot be parsed or decided counts as true. */
function markerEvaluator(environments: readonly MarkerEnvironment[]): (marker: string) => EvaluatedMarker {
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

/** Returns those of `extras` that `known` has, each once. */
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
 * Returns the extras that `marker` asks for by name (`extra == "x"`, `"x" in extras`). Other extras do not change its
 * result. Returns undefined if it asks in another way, so that any extra may change the result.
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

/** What the held releases require, what that requires, and so on. */
import type { ProjectName } from '../core/names.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import { evaluateMarker, parseMarker } from '../packaging/marker.ts';
import { contains, parseSpecifier } from '../packaging/specifier.ts';
import { parseVersion, type Version } from '../packaging/version.ts';
import { orAny } from './parse-rules.ts';
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
 * with none, all that may be needed anywhere. The same wants, in the same order, for roots in any order.
 */
export function closeOver(
  roots: ReadonlyMap<ProjectName, readonly Want[]>,
  edgesOf: (name: ProjectName) => readonly Edge[],
  environments: readonly MarkerEnvironment[],
): Map<ProjectName, Want[]> {
  const isNeeded = needJudge(environments);
  const specifierOf = cached((text) => parseSpecifier(text) ?? anyVersion);
  const releasesOf = cached((name) => releasesFrom(edgesOf(name as ProjectName)));
  const known = new Set<string>();
  const found = new Map<ProjectName, Want[]>();
  const sorted = [...roots].sort(([a], [b]) => (a < b ? -1 : 1));
  const open = sorted.flatMap(([name, wants]) => wants.map((want) => ({ name, want })));
  // The list grows while it is gone through: what was found first is looked at first.
  for (const { name, want } of open) {
    for (const edge of followed(releasesOf(name), want, isNeeded)) {
      const { target, extras, specifier, release } = edge;
      const because = { where: want.because.where, text: `dependency of ${name} ${release}` };
      const next = dependencyWant(target, specifierOf(specifier), extras, want.limits, because);
      const key = [target, next.specifier.text, extrasKey(next), next.limits?.path].join('\n');
      if (known.has(key)) continue;
      known.add(key);
      open.push({ name: target, want: next });
      const wants = found.get(target);
      if (wants === undefined) found.set(target, [next]);
      else wants.push(next);
    }
  }
  return found;
}

/** A release that requires something. */
interface Requiring {
  readonly version: Version | string;
  readonly edges: readonly Edge[];
  /** The extras that it has been asked for, so that many wants for the same cost little. */
  readonly asked: Set<string>;
}

function releasesFrom(edges: readonly Edge[]): readonly Requiring[] {
  const byRelease = new Map<string, Edge[]>();
  for (const edge of edges) {
    const known = byRelease.get(edge.release);
    if (known === undefined) byRelease.set(edge.release, [edge]);
    else known.push(edge);
  }
  return [...byRelease].map(([text, its]) => ({ version: parseVersion(text) ?? text, edges: its, asked: new Set() }));
}

type IsNeeded = (marker: string, extras: readonly string[]) => boolean;

/** The edges that lead on from `want`, without those of releases that were asked for the same before. */
function followed(releases: readonly Requiring[], want: Want, isNeeded: IsNeeded): Edge[] {
  const key = `${extrasKey(want)}\n${want.limits?.path}`;
  const fresh = releases.filter(({ version, asked }) => !asked.has(key) && contains(want.specifier, version));
  for (const { asked } of fresh) asked.add(key);
  const edges = fresh.flatMap((release) => release.edges);
  return edges.filter(({ marker }) => marker === undefined || isNeeded(marker, want.extras));
}

/** A marker that cannot be read or decided may hold. */
function needJudge(environments: readonly MarkerEnvironment[]): IsNeeded {
  const places = orAny(environments);
  const answers = new Map<string, boolean>();
  const markerOf = cached(parseMarker);
  return (text, extras) => {
    const key = `${extras.join()}\n${text}`;
    const known = answers.get(key);
    if (known !== undefined) return known;
    const marker = markerOf(text);
    const answer = marker === undefined || places.some((place) => evaluateMarker(marker, place, extras) !== false);
    answers.set(key, answer);
    return answer;
  };
}

function extrasKey({ extras }: Want): string {
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

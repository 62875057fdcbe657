/** The rules of `[releases]`. Pinned releases are exempt. */
import {
  type Candidate,
  exclude,
  exclusionReason,
  isHeldUnpinned,
  type PageCandidates,
  type Release,
  versionText,
} from './candidate-files.ts';
import type { Keep, ReleaseRules } from './policy.ts';
import type { Reason, Ruled } from './reason.ts';
import type { Want } from './want.ts';

/** Leaves out the releases that no want allows. */
export function excludeUnwanted({ releases }: PageCandidates, because: Reason): void {
  for (const release of releases) {
    if (release.wants.length > 0) continue;
    const unwanted = release.text === '' ? versionText(release) : `${versionText(release)} is not wanted`;
    const { hashed } = release;
    const [reason, detail] = hashed === undefined ? [because, unwanted] : [hashed.because, otherHash];
    for (const file of release.files) exclude(file, 'pinned-too', reason, detail);
  }
}

const otherHash = 'its sha256 is not one of those that are pinned';

/** Leaves out files that were yanked (PEP 592). */
export function excludeYanked({ files }: PageCandidates, { noYanked }: ReleaseRules): void {
  if (noYanked === undefined) return;
  for (const file of files) if (file.file.yanked !== false) exclude(file, 'ordinary', noYanked, 'yanked');
}

/**
 * Leaves out files that are too young or too old. Returns the earliest time at which this will change, in milliseconds
 * since 1970, or undefined if it never will.
 */
export function excludeByAge({ files }: PageCandidates, rules: AgeRules, now: number): number | undefined {
  const { minAgeMs, maxAgeMs } = rules;
  if (minAgeMs === undefined && maxAgeMs === undefined) return undefined;
  let next = Number.POSITIVE_INFINITY;
  for (const candidate of files) {
    const { hashPin, release } = candidate;
    if (hashPin !== undefined || release.pin?.pinnedBy === 'settings') continue;
    if (!isHeldUnpinned(candidate) && exclusionReason(candidate) !== undefined) continue;
    const changes = [
      minAgeMs === undefined ? undefined : excludeYoung(candidate, minAgeMs, now),
      maxAgeMs === undefined ? undefined : excludeOld(candidate, maxAgeMs, now),
    ];
    for (const change of changes) if (change !== undefined && change > now && change < next) next = change;
  }
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}

/** The age rules for a project. `minAgeMs` is undefined for exempt projects. */
export type AgeRules = Pick<ReleaseRules, 'minAgeMs' | 'maxAgeMs'>;

/** Leaves out a young file, even if a dependency pins its release. Returns the time at which it is old enough. */
function excludeYoung(candidate: Candidate, { value, because }: Ruled<number>, now: number): number | undefined {
  const { uploadTimeMs } = candidate.file;
  if (uploadTimeMs === undefined) {
    exclude(candidate, 'pinned-too', because, 'its upload time is not told');
    return undefined;
  }
  if (uploadTimeMs + value > now) exclude(candidate, 'pinned-too', because, uploaded(uploadTimeMs));
  return uploadTimeMs + value;
}

function excludeOld(candidate: Candidate, { value, because }: Ruled<number>, now: number): number | undefined {
  const { uploadTimeMs } = candidate.file;
  if (uploadTimeMs === undefined) return undefined;
  if (uploadTimeMs + value <= now) exclude(candidate, 'ordinary', because, uploaded(uploadTimeMs));
  return uploadTimeMs + value;
}

function uploaded(timeMs: number): string {
  return `uploaded ${new Date(timeMs).toISOString().slice(0, 10)}`;
}

/** Leaves out prereleases, except for wants that name a prerelease or that nothing else satisfies (PEP 440). */
export function excludePrereleases({ releases }: PageCandidates, { noPrereleases }: ReleaseRules): void {
  if (noPrereleases === undefined) return;
  const served = new Set<Want>();
  for (const { version, wants, files } of releases) {
    if (version?.isPrerelease === false && files.some(isHeldUnpinned)) for (const want of wants) served.add(want);
  }
  for (const release of releases) {
    if (release.version?.isPrerelease !== true || release.wants.length === 0) continue;
    release.wants = release.wants.filter((want) => want.specifier.namesPrereleases || !served.has(want));
    if (release.wants.length > 0) continue;
    for (const file of release.files) exclude(file, 'ordinary', noPrereleases, `${versionText(release)} is one`);
  }
}

/** Leaves out all but the newest releases for each want, counting only releases that have a file left. */
export function excludeOlder({ releases }: PageCandidates, { keep }: ReleaseRules): void {
  if (keep === undefined) return;
  const counts = new Map<Want, Map<string, number>>();
  const older: { readonly release: Release; readonly want: Want; readonly rank: number; readonly group: string }[] = [];
  let group = '';
  for (const release of releases) {
    group = groupOf(release, keep.value, group);
    const wants = release.files.some(isHeldUnpinned) ? release.wants : [];
    const ranks = wants.map((want) => count(counts, want, group));
    const [want, rank = 0] = [wants[0], ranks[0]];
    const isOlder = ranks.every((rank) => rank > keep.value.count);
    if (want !== undefined && isOlder) older.push({ release, want, rank, group });
  }
  for (const { release, want, rank, group } of older) {
    const total = counts.get(want)?.get(group) ?? rank;
    const of = group === '' ? '' : ` of ${group}`;
    for (const file of release.files) {
      exclude(file, 'ordinary', keep.because, `${ordinal(rank)} newest of ${total} releases${of}`);
    }
  }
}

function count(counts: Map<Want, Map<string, number>>, want: Want, group: string): number {
  const groups = counts.get(want) ?? new Map<string, number>();
  const rank = (groups.get(group) ?? 0) + 1;
  counts.set(want, groups.set(group, rank));
  return rank;
}

/** Returns the group of a release. A text that is no version belongs to the group before it, which is the oldest. */
function groupOf({ version }: Release, { per }: Keep, before: string): string {
  if (per === 'project' || version === undefined) return before;
  const [major = 0, minor = 0] = version.release;
  const epoch = version.epoch === 0 ? '' : `${version.epoch}!`;
  return per === 'major' ? `${epoch}${major}` : `${epoch}${major}.${minor}`;
}

function ordinal(rank: number): string {
  const last = rank % 100 > 10 && rank % 100 < 14 ? 0 : rank % 10;
  return `${rank}${['th', 'st', 'nd', 'rd'][last] ?? 'th'}`;
}

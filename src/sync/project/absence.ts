/**
 * Decides whether a project that upstream answers not to have is gone. A 404 may be a fault, and a served page may be
 * older than the removal. A project is removed only once the changelog or the list of projects confirms it.
 */
import { hourMs, minuteMs } from '../../core/durations.ts';
import { NonsenseError, UnreachableError } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import { projectName } from '../../core/names.ts';
import { parkDelayMs } from '../../core/retry.ts';
import type { HeldProject } from '../../state/held-projects.ts';
import { changelogState } from '../../state/mirror-state.ts';
import type { QueuedProject } from '../../state/queue.ts';
import type { Mirror } from '../mirror.ts';
import { type ChangelogStatus, changelogStatusFor } from './changelog-status.ts';
import { mirrorFor } from './page/project-source.ts';
import { staleDeferral } from './staleness.ts';
import type { Deferral } from './sync-outcome.ts';

/**
 * Milliseconds until a first 404 is asked for again. A CDN caches a 404 for a minute, so one 404 alone proves nothing.
 */
const absenceRetryMs = 2 * minuteMs;
/**
 * Milliseconds that an absence must last before it is believed or looked up in the list of projects, which may be
 * outdated for as long.
 */
const absenceGraceMs = hourMs;
/** Milliseconds for which a CDN caches the list. A list that is fetched earlier may be from before the removal. */
const listCachedMs = 10 * minuteMs;

/** Returns the reason why a project that upstream answers not to have must stay for now, or undefined if it may go. */
export function deferAbsence(mirror: Mirror, due: QueuedProject, held: HeldProject): Deferral | undefined {
  if (due.isRemovedUpstream) return undefined;
  const absentMs = due.obstacle === 'absent' ? Math.max(0, mirror.clock.now() - due.since) : 0;
  const reason = 'upstream answers that it does not exist, and did not say that it was removed';
  if (absentMs < absenceGraceMs) {
    const delayMs = due.obstacle === 'absent' ? absenceGraceMs - absentMs : absenceRetryMs;
    return { reason, obstacle: 'absent', delayMs };
  }
  if (!hasAnythingToRemove(mirror, due, held)) return undefined;
  const delayMs = Math.max(absenceGraceMs, parkDelayMs(due.attempts + 1));
  return { reason: `${reason}: it stays as long as no list of projects lacks it`, obstacle: 'absent', delayMs };
}

/**
 * Returns the reason why a project whose page is older than its removal must stay for now, or undefined if it may go.
 */
export function deferOldPage(
  mirror: Mirror,
  due: QueuedProject,
  held: HeldProject,
  { removedAt, isUnlisted }: ChangelogStatus,
  serial: number,
): Deferral | undefined {
  if (isUnlisted || !hasAnythingToRemove(mirror, due, held)) return undefined;
  return staleDeferral(due, `upstream's page has serial ${serial}, from before its removal at ${removedAt}`);
}

/** Returns true if the removal would take something away: published pages or pending files. */
function hasAnythingToRemove({ state }: Mirror, { name }: QueuedProject, { published }: HeldProject): boolean {
  return published || state.held.pendingFiles(name).length > 0;
}

/**
 * Looks for the projects whose absence is not confirmed in the list of all projects. A project that the list lacks,
 * too, is marked as gone.
 * Throws PausedError.
 */
export async function confirmAbsences(mirror: Mirror): Promise<void> {
  const { state, clock, settings } = mirror;
  const only = settings.projects && new Set(settings.projects);
  const unconfirmed = state.changelog
    .unconfirmedAbsences(clock.now() - absenceGraceMs, clock.now() - listCachedMs)
    .filter((name) => only?.has(name) ?? true);
  const bySource = new Map<string | undefined, ProjectName[]>();
  for (const name of unconfirmed) {
    const source = mirror.selection.sourceOf(name);
    bySource.set(source, [...(bySource.get(source) ?? []), name]);
  }
  for (const [, [first, ...more]] of bySource) {
    if (first !== undefined) await confirmAbsencesAt(mirrorFor(mirror, first), [first, ...more]);
  }
}

/** Confirms the absences of projects of one index, which is the upstream of `mirror`. */
async function confirmAbsencesAt(mirror: Mirror, unconfirmed: readonly ProjectName[]): Promise<void> {
  const { state, report } = mirror;
  try {
    const { listed, serial } = await listedOf(mirror, new Set(unconfirmed));
    const gone = unconfirmed.filter((name) => !listed.has(name) && isNewer(mirror, name, serial));
    state.changelog.markUnlisted(gone, serial);
    // A changelog is never wrong about a removal. A change feed may be, and here both the page and the list contradict
    // it.
    const isThere = (name: ProjectName): boolean => listed.has(name) && state.queue.entryOf(name)?.obstacle === 'stale';
    if (state.get(changelogState).feed !== undefined) state.changelog.markListed(unconfirmed.filter(isThere));
  } catch (error) {
    if (!(error instanceof UnreachableError || error instanceof NonsenseError)) throw error;
    const names = `${unconfirmed.slice(0, 3).join(', ')}${unconfirmed.length > 3 ? ', …' : ''}`;
    report({ type: 'warning', message: `no list of projects to tell whether ${names} was removed: ${error.message}` });
  }
}

/**
 * Returns those of `names` that the list of projects contains, and the serial of the list. Throws UnreachableError,
 * NonsenseError, PausedError.
 */
async function listedOf(
  { upstream, settings }: Mirror,
  names: ReadonlySet<ProjectName>,
): Promise<{ readonly listed: ReadonlySet<ProjectName>; readonly serial: number | undefined }> {
  const list = await upstream.listProjects(undefined);
  const listed = new Set<ProjectName>();
  let entries = 0;
  for await (const piece of list?.pieces ?? []) {
    entries += piece.length;
    for (const { displayName } of piece) {
      const name = projectName(displayName);
      if (name !== undefined && names.has(name)) listed.add(name);
    }
  }
  if (entries === 0) throw new NonsenseError(`${settings.upstream}/simple/: the list is empty`);
  return { listed, serial: list?.serial() };
}

/** Returns true if the list is not older than what is known of the project. An older list says nothing about it. */
function isNewer(mirror: Mirror, name: ProjectName, listSerial: number | undefined): boolean {
  const { state } = mirror;
  if (listSerial === undefined) return true;
  const { removedAt = 0 } = changelogStatusFor(mirror, name);
  return (
    Math.max(removedAt, state.held.project(name).serial ?? 0, state.queue.entryOf(name)?.serial ?? 0) <= listSerial
  );
}

/**
 * When upstream does not have a project any more. A 404 may be a fault, and a page may be older than its removal: a project
 * goes when the changelog or the list of projects says so, too.
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

/** A CDN keeps a 404 for a minute, so one alone does not mean that a project is gone. */
const absentAgainMs = 2 * minuteMs;
/** So long the list of projects may be old, and is not asked for the sake of one project. */
const absentForGoodMs = hourMs;
/** A CDN keeps the list for ten minutes: one that is asked for earlier may be from before the removal. */
const listCachedMs = 10 * minuteMs;

/** Why a project that upstream answers not to have must stay for now, if so. */
export function deferAbsence(mirror: Mirror, due: QueuedProject, held: HeldProject): Deferral | undefined {
  if (due.removed) return undefined;
  const absentMs = due.obstacle === 'absent' ? Math.max(0, mirror.clock.now() - due.since) : 0;
  const wait = 'upstream answers that it does not exist, and did not say that it was removed';
  if (absentMs < absentForGoodMs) {
    const delayMs = due.obstacle === 'absent' ? absentForGoodMs - absentMs : absentAgainMs;
    return { reason: wait, obstacle: 'absent', delayMs };
  }
  if (!isHeld(mirror, due, held)) return undefined;
  const delayMs = Math.max(absentForGoodMs, parkDelayMs(due.attempts + 1));
  return { reason: `${wait}: it stays as long as no list of projects lacks it`, obstacle: 'absent', delayMs };
}

/** The page is from before its project was removed. Returns why that must stay for now, if so. */
export function deferOldPage(
  mirror: Mirror,
  due: QueuedProject,
  held: HeldProject,
  { removedAt, isUnlisted }: ChangelogStatus,
  serial: number,
): Deferral | undefined {
  if (isUnlisted || !isHeld(mirror, due, held)) return undefined;
  return staleDeferral(due, `upstream's page has serial ${serial}, from before its removal at ${removedAt}`);
}

/** Whether there is something of it that would go. */
function isHeld({ state }: Mirror, { name }: QueuedProject, { published }: HeldProject): boolean {
  return published || state.held.pendingFiles(name).length > 0;
}

/** Looks for doubtful projects in the list of all. Where it lacks them, too, they are gone. Throws PausedError. */
export async function confirmAbsences(mirror: Mirror): Promise<void> {
  const { state, clock, settings } = mirror;
  const only = settings.projects && new Set(settings.projects);
  const doubtful = state.changelog
    .unconfirmedAbsences(clock.now() - absentForGoodMs, clock.now() - listCachedMs)
    .filter((name) => only?.has(name) ?? true);
  const bySource = new Map<string | undefined, ProjectName[]>();
  for (const name of doubtful) {
    const source = mirror.selection.sourceOf(name);
    bySource.set(source, [...(bySource.get(source) ?? []), name]);
  }
  for (const [, [first, ...more]] of bySource) {
    if (first !== undefined) await confirmAbsencesAt(mirrorFor(mirror, first), [first, ...more]);
  }
}

/** The same for projects of one index, which is the upstream of `mirror`. */
async function confirmAbsencesAt(mirror: Mirror, doubtful: readonly ProjectName[]): Promise<void> {
  const { state, report } = mirror;
  try {
    const { listed, serial } = await listedOf(mirror, new Set(doubtful));
    const gone = doubtful.filter((name) => !listed.has(name) && isNewer(mirror, name, serial));
    state.changelog.markUnlisted(gone, serial);
    // A changelog is never wrong about a removal. A feed may be, and here page and list both say so.
    const isThere = (name: ProjectName): boolean => listed.has(name) && state.queue.entryOf(name)?.obstacle === 'stale';
    if (state.get(changelogState).feed !== undefined) state.changelog.listed(doubtful.filter(isThere));
  } catch (error) {
    if (!(error instanceof UnreachableError || error instanceof NonsenseError)) throw error;
    const names = `${doubtful.slice(0, 3).join(', ')}${doubtful.length > 3 ? ', …' : ''}`;
    report({ type: 'warning', message: `no list of projects to tell whether ${names} was removed: ${error.message}` });
  }
}

/** Those of `names` that the list has. Throws UnreachableError, NonsenseError, PausedError. */
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

/** A list that is older than what is known of the project says nothing about it. */
function isNewer(mirror: Mirror, name: ProjectName, listSerial: number | undefined): boolean {
  const { state } = mirror;
  if (listSerial === undefined) return true;
  const { removedAt = 0 } = changelogStatusFor(mirror, name);
  return (
    Math.max(removedAt, state.held.project(name).serial ?? 0, state.queue.entryOf(name)?.serial ?? 0) <= listSerial
  );
}

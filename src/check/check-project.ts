/**
 * Inspects a project and decides whether its findings are damage. A run may be in progress meanwhile. While the project
 * is queued, or if it changed during the inspection, nothing is decided before the run has ended.
 */
import type { ProjectName } from '../core/names.ts';
import { type PageFile, pagePath, type WebPath } from '../core/paths.ts';
import { isWaiting } from '../core/retry.ts';
import type { Stat } from '../files/file-store.ts';
import type { HeldProject } from '../state/held-projects.ts';
import type { QueueEntry } from '../state/queue.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import type { PageStats } from './inspect-pages.ts';
import { inspectProject, type ProjectInspection } from './inspect-project.ts';
import { expectStore, readOrFinding } from './read-or-finding.ts';
import { enqueueRepair } from './repair.ts';

/** The result for a project. */
export interface ProjectVerdict {
  /** 'undecided' if a run may have caused the findings. Then nothing was reported or done. */
  readonly verdict: 'right' | 'wrong' | 'undecided';
  /** True if its pages are readable, and the state knows all files that they list as held. */
  readonly isProven: boolean;
}

/**
 * The phase of a check, which determines if it can decide. 'locked': the lock of runs is held. 'first': an undecided
 * project is tried again later. 'last': there is no later try.
 */
export type LockMode = 'locked' | 'first' | 'last';

/** What was seen of a project. */
export interface ProjectLook {
  /** The check with the files that were looked at. */
  readonly check: Check;
  readonly before: ProjectState;
  /** Undefined if nothing is to be inspected, as nothing is published, or the project is being removed. */
  readonly inspection: ProjectInspection | undefined;
}

/**
 * Inspects `name`. What seems wrong by a listing is looked at again in the store: a run may have been at work since.
 */
export async function lookAtProject(check: Check, name: ProjectName): Promise<ProjectLook> {
  const look = await lookWith(check, name);
  const { objects } = check;
  const findings = look.inspection?.findings ?? [];
  if (findings.length === 0 || objects === undefined) return look;
  const suspects = new Set(findings.map(({ file }) => file).filter((file) => file !== undefined));
  return lookWith({ ...check, files: objects.live }, name, suspects);
}

async function lookWith(check: Check, name: ProjectName, suspects?: ReadonlySet<WebPath>): Promise<ProjectLook> {
  const before = await projectStateOf(check, name);
  const { queued, held, pages } = before;
  if (!held.published || isBeingRemoved(before, check.clock.now())) return { check, before, inspection: undefined };
  const inspection = await inspectProject(check, name, { held, pages, isQueued: isToBeSynced(queued), suspects });
  return { check, before, inspection };
}

/** Decides about what was seen of `name`, reports damage, and queues its repair. */
export async function checkProject(
  { check, before, inspection: look }: ProjectLook,
  name: ProjectName,
  turn: LockMode,
): Promise<ProjectVerdict> {
  if (look === undefined) return { verdict: 'right', isProven: true };
  const { queued } = before;
  const { isProven, findings } = look;
  if (findings.length === 0) return { verdict: 'right', isProven };
  await expectStore(check, findings);
  const release = turn === 'locked' ? undefined : check.lock.tryTake();
  const isLocked = turn === 'locked' || release !== undefined;
  try {
    if (turn !== 'locked') {
      if (isToBeSynced(queued) || !isSameState(before, await projectStateOf(check, name)))
        return { verdict: 'undecided', isProven };
      if (check.settings.repair && !isLocked && turn === 'first') return { verdict: 'undecided', isProven };
    }
    for (const finding of findings) check.report({ type: 'finding', finding });
    // Upstream deleted the project, so a run could not fetch a file again: the state would only forget it.
    if (!isRemovalHeldBack(queued)) await enqueueRepair(check, name, look, isLocked);
    return { verdict: 'wrong', isProven };
  } finally {
    release?.();
  }
}

/** Returns true if the project is being removed. A run forgets it last, and may have been stopped before. */
function isBeingRemoved({ queued, pages }: ProjectState, now: number): boolean {
  // A removal that was allowed begins with the pages.
  if (isRemovalHeldBack(queued)) {
    return !isWaiting(queued?.nextTry, now) && Object.values(pages).every((stat) => stat === undefined);
  }
  return queued?.isRemovedUpstream === true || queued?.obstacle === 'absent';
}

/** Returns true if the project is served until a person allows its removal. */
function isRemovalHeldBack(queued: QueueEntry | undefined): boolean {
  return queued?.obstacle === 'removal-held-back';
}

/** Returns true if the next run changes the project, so that what is wrong with it now may be right then. */
function isToBeSynced(queued: QueueEntry | undefined): boolean {
  return queued !== undefined && !isRemovalHeldBack(queued);
}

/** The data of a project that runs change. If two states are equal, no run has changed the project in between. */
export interface ProjectState {
  /** Undefined if the project is not queued. */
  readonly queued: QueueEntry | undefined;
  readonly held: HeldProject;
  /** Size and time of each page: a run may write pages anew and remember the same as before. */
  readonly pages: PageStats;
}

/** Returns the present state of `name`. */
async function projectStateOf({ state, files }: Check, name: ProjectName): Promise<ProjectState> {
  const [queued, held] = [state.queue.entryOf(name), state.held.project(name)];
  const stat = (page: PageFile): Promise<Stat | Finding | undefined> => {
    const path = pagePath(page, name);
    return readOrFinding(path, name, () => files.stat(path));
  };
  const pages = {
    'index.html': await stat('index.html'),
    'index.html.gz': await stat('index.html.gz'),
    'index.v1_json': await stat('index.v1_json'),
    'index.v1_json.gz': await stat('index.v1_json.gz'),
  };
  return { queued, held, pages };
}

/** Returns true if nothing has changed between the two states. */
function isSameState(one: ProjectState, other: ProjectState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

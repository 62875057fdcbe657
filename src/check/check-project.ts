/**
 * Looks at a project and decides whether what it finds is damage. A run may be at work all the while: while the project
 * is queued, or when anything about it has changed during the look, nothing is decided before the run has ended.
 */
import type { ProjectName } from '../core/names.ts';
import { type PageFile, pagePath } from '../core/paths.ts';
import type { HeldProject, QueuedProject } from '../state/state-store.ts';
import type { Check } from './check-job.ts';
import { inspectProject } from './inspect-project.ts';
import { readOrFinding } from './read-or-finding.ts';
import { enqueueRepair } from './repair.ts';

/** What is known of a project. */
export interface ProjectVerdict {
  /** 'undecided' when a run may be the reason for what was found; then nothing was reported or done. */
  readonly verdict: 'right' | 'wrong' | 'undecided';
  /** True when its pages could be read, and the state knows of everything that they say is here. */
  readonly isProven: boolean;
}

/** How far it may be decided: the lock of runs is held all the while, it may be later, or there is no later. */
export type LockMode = 'locked' | 'first' | 'last';

/** Judges `name`: reports what is damage and has it healed. */
export async function checkProject(check: Check, name: ProjectName, turn: LockMode): Promise<ProjectVerdict> {
  const before = await projectStateOf(check, name);
  const { queued, held } = before;
  if (!held.published || isBeingRemoved(queued)) return { verdict: 'right', isProven: true };
  const look = await inspectProject(check, name, held, queued !== undefined);
  const { isProven, findings } = look;
  if (findings.length === 0) return { verdict: 'right', isProven };
  const release = turn === 'locked' ? undefined : check.lock.tryTake();
  const isLocked = turn === 'locked' || release !== undefined;
  try {
    if (turn !== 'locked') {
      if (queued !== undefined || !isSameState(before, await projectStateOf(check, name)))
        return { verdict: 'undecided', isProven };
      if (check.settings.repair && !isLocked && turn === 'first') return { verdict: 'undecided', isProven };
    }
    for (const finding of findings) check.report({ type: 'finding', finding });
    await enqueueRepair(check, name, look, isLocked);
    return { verdict: 'wrong', isProven };
  } finally {
    release?.();
  }
}

/** A run that removes a project forgets it last, and may have been stopped before. */
function isBeingRemoved(queued: QueuedProject | undefined): boolean {
  return queued?.removed === true || queued?.obstacle === 'absent';
}

/** What a run would change about a project: when two are alike, no run has changed anything between them. */
interface ProjectState {
  /** Undefined when nothing is to be done for it. */
  readonly queued: QueuedProject | undefined;
  readonly held: HeldProject;
  /** Size and time of each page: a run may write pages anew and remember the same as before. */
  readonly pages: readonly unknown[];
}

const pageFiles: readonly PageFile[] = ['index.html', 'index.html.gz', 'index.v1_json', 'index.v1_json.gz'];

/** How `name` stands now. */
async function projectStateOf({ state, files }: Check, name: ProjectName): Promise<ProjectState> {
  const [queued, held] = [state.queued(name), state.heldProject(name)];
  const stats: unknown[] = [];
  for (const page of pageFiles) {
    const path = pagePath(page, name);
    stats.push(await readOrFinding(path, name, () => files.stat(path)));
  }
  return { queued, held, pages: stats };
}

/** Whether nothing has changed between two moments. */
function isSameState(one: ProjectState, other: ProjectState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * Looks at a project and decides whether what it finds is damage. A run may be at work all the while: while the project
 * is queued, or when anything about it has changed during the look, nothing is decided before the run has ended.
 */
import type { ProjectName } from '../core/names.ts';
import type { QueuedProject } from '../state/queue.ts';
import type { Check } from './check-job.ts';
import { inspectProject } from './inspect-project.ts';
import { isSameState, projectStateOf } from './project-state.ts';
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

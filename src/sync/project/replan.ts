/**
 * Replans projects of which only the rules changed. Most rules change nothing for most projects. The result digest of
 * the old plan is remembered: if the new plan has the same digest, no page is made and no file is inspected.
 */
import { PausedError, StorageError, throwIfPaused } from '../../core/errors.ts';
import { inPages } from '../../core/in-pages.ts';
import type { ProjectName } from '../../core/names.ts';
import { explainReason } from '../../policy/render-reason.ts';
import type { DueReplan, Replanned } from '../../state/plans.ts';
import type { Mirror } from '../mirror.ts';
import { readListedPage } from './page/cached-page.ts';
import { chooseFiles, resultDigestOf } from './page/choose-files.ts';
import { movedFrom } from './page/project-source.ts';

/** Number of projects read at a time, each with its kept page in memory. */
const pageSize = 200;

/**
 * Removes from the queue the projects for which new rules change nothing, and leaves the others queued. Returns how
 * many were removed. Throws StorageError, PausedError.
 */
export async function replanUnchanged(mirror: Mirror): Promise<number> {
  const { state, clock, settings, signal } = mirror;
  const only = settings.projects && new Set(settings.projects);
  let done = 0;
  const read = (after: ProjectName | undefined): readonly DueReplan[] => {
    throwIfPaused(signal);
    return state.plans.dueReplans(clock.now(), after, pageSize);
  };
  for (const piece of inPages(read)) {
    const same: Replanned[] = [];
    for (const due of piece) {
      if (only !== undefined && !only.has(due.name)) continue;
      const plan = await unchangedPlan(mirror, due).catch(rethrowFatal);
      if (plan !== undefined) same.push(plan);
    }
    state.plans.replan(same);
    for (const plan of same) reportUnchanged(mirror, plan);
    done += same.length;
  }
  return done;
}

/**
 * Throws only errors that concern all projects, such as a full disk. An error of one project occurs again when the
 * project is synced, and is reported then.
 */
function rethrowFatal(error: unknown): undefined {
  if (error instanceof StorageError || error instanceof PausedError) throw error;
}

/** Returns the new plan if it has the same result as the old one, else undefined. */
async function unchangedPlan(
  mirror: Mirror,
  { name, resultDigest, page: kept }: DueReplan,
): Promise<Replanned | undefined> {
  const { selection } = mirror;
  const { policy } = selection;
  const decision = selection.decide(name);
  if (policy === undefined || decision === undefined || decision.hold === 'none') return undefined;
  if (movedFrom(mirror, name, mirror.state.held.project(name)) !== undefined) return undefined;
  const page = await readListedPage(mirror, name, kept);
  if (page === undefined) return undefined;
  const chosen = chooseFiles(mirror, decision, page);
  if (resultDigestOf(chosen, policy, name) !== resultDigest) return undefined;
  mirror.missingProjects.recordUnsatisfied(selection, decision, chosen.unsatisfied);
  const { nextChange } = chosen;
  return { name, decisionKey: selection.decisionKeyOf(decision), nextChange, rule: explainReason(decision.because) };
}

function reportUnchanged({ report }: Mirror, { name, rule }: Replanned): void {
  report({ type: 'project-started', name });
  report({ type: 'project-planned', name, fetch: [], bytes: 0, remove: [], removeBytes: 0, rule });
  report({ type: 'project-done', name, outcome: 'unchanged' });
}

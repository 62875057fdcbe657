/**
 * Finds out what the held projects will require under new rules before any of them is removed. Otherwise a project that
 * another one still needs would be removed and fetched again.
 */
import { PausedError, StorageError } from '../../core/errors.ts';
import { filenameOf } from '../../core/paths.ts';
import type { ProjectDecision } from '../../policy/project-decision.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { Mirror } from '../mirror.ts';
import { bugAlarmFor, failureText } from '../project/failure-message.ts';
import { readCachedPage } from '../project/page/cached-page.ts';
import { chooseFiles } from '../project/page/choose-files.ts';
import { recordRequirements } from '../requirements/record-requirements.ts';
import { resolveDependencies } from '../selection/dependencies.ts';
import type { Selection } from '../selection/selection.ts';
import { comparePlans, plansIn } from './policy-changes.ts';

/**
 * Records the requirements of the files that stay held under the current rules until no new requirement is found. Asks
 * upstream for nothing. Returns the selection with these requirements.
 */
export async function precomputeRequirements(mirror: Mirror): Promise<Selection> {
  const { state, report } = mirror;
  let { selection } = mirror;
  const precomputed = new Set<string>();
  for (;;) {
    selection = resolveDependencies(selection, state, report);
    let count = 0;
    for (const name of comparePlans(selection, plansIn(state)).changed) {
      const decision = selection.decide(name);
      if (decision?.hold !== 'files') continue;
      // The files that two projects keep may depend on each other and change to and fro.
      const key = `${name} ${selection.decisionKeyOf(decision)}`;
      if (precomputed.has(key)) continue;
      precomputed.add(key);
      try {
        await recordRequirements(mirror, name, await remainingFiles(mirror, decision));
      } catch (error) {
        if (error instanceof StorageError || error instanceof PausedError) throw error;
        // The known requirements stay. The error occurs again when the project is synced.
        mirror.report(bugAlarmFor(name, error) ?? { type: 'warning', message: `${name}: ${failureText(error)}` });
      } finally {
        mirror.memoryBudget.release(name);
      }
      count += 1;
    }
    if (count === 0) return selection;
  }
}

/** Returns the held files that stay under the current rules. */
async function remainingFiles(mirror: Mirror, decision: ProjectDecision): Promise<HeldFile[]> {
  const { files } = mirror.state.held.project(decision.name);
  const source = await readCachedPage(mirror, decision.name);
  if (source?.isComplete !== true) return [...files];
  const wanted = new Set(chooseFiles(mirror, decision, source.page).wanted.map(({ filename }) => filename));
  return files.filter(({ path }) => wanted.has(filenameOf(path)));
}

/** Files that an archive keeps of projects which upstream removed: no page lists them, so the state alone knows them. */
import type { ProjectName } from '../core/names.ts';
import type { Check } from './check-job.ts';
import { expectedHeld } from './compare-page.ts';
import { lookAtFile } from './look-at-file.ts';
import { isInShare } from './share.ts';

const namesAtATime = 1000;

/** Reports what is damaged; upstream does not have it any more, so that nothing is queued. */
export async function checkKept(check: Check): Promise<void> {
  const { state, share } = check;
  for (let after: ProjectName | undefined; ; ) {
    const names = state.removals.keptProjects(after, namesAtATime);
    for (const name of names) if (isInShare(name, share)) await checkOne(check, name);
    after = names.at(-1);
    if (after === undefined) return;
  }
}

async function checkOne(check: Check, name: ProjectName): Promise<void> {
  const { state, report, pace } = check;
  for (const file of state.held(name).files) {
    await pace.keep();
    const findings = await lookAtFile(check, name, expectedHeld(file));
    // A run may have taken it away meanwhile.
    if (state.heldFile(file.path) === undefined) continue;
    for (const finding of findings) report({ type: 'finding', finding });
  }
}

/**
 * Checks the mirror: everything that `web/` promises must be there, byte for byte, and nothing else.
 *
 *   1  wait for a sync run, but not for ever; later runs may come and go during the check
 *   2  every project: its pages and files must match the state; damage is queued for the next run
 *   3  the tree: files and folders that belong to no project
 *   4  an object store: what it must have besides, and what lies there for nothing
 *
 * A check of a full mirror takes days. Therefore it does not keep runs away, remembers its position, and needs no more
 * memory for a million projects than for one.
 */

import { Semaphore } from '../core/semaphore.ts';
import { checkState } from '../state/mirror-state.ts';
import { change } from '../state/state-section.ts';
import { withAddresses } from './addresses.ts';
import { checkArchived } from './check-archived.ts';
import { checkChangeFeed } from './check-change-feed.ts';
import type { Check, CheckJob } from './check-job.ts';
import { checkObjects } from './check-objects.ts';
import { checkProjects } from './check-projects.ts';
import { checkRootIndex } from './check-root-index.ts';
import { checkTree } from './check-tree.ts';
import { PackagesWalk } from './packages-walk.ts';
import { RunLock } from './run-lock.ts';
import { nextSubset, type Subset } from './subset.ts';
import { Yielder } from './yielder.ts';

/** Milliseconds after which a check with a helper pauses. */
const msWithHelper = 2;

/**
 * Checks everything, or the subset in the settings, and reports findings. Resolves with the subset, or undefined if
 * that was all. Throws StorageError or PausedError.
 */
export async function check(job: CheckJob): Promise<Subset | undefined> {
  const { state, signal, settings, objects } = job;
  const check = checkOf(job);
  const { lock, report, subset: share } = check;
  (await lock.take())?.();
  await objects?.list(signal, (listed) => report({ type: 'listed', objects: listed }));
  const packages = await PackagesWalk.begin(check);
  const doubt = await checkProjects(check);
  await checkArchived(check);
  await checkRootIndex(check);
  await checkChangeFeed(check);
  await checkTree(check, doubt, packages);
  await checkObjects(check);
  state.set(change(checkState, { check: undefined, ...doneShare(settings.subset, share) }));
  objects?.end();
  return share;
}

/** Returns the check that `job` describes, not yet begun. */
export function checkOf(job: CheckJob): Check {
  const { state, clock, signal, settings, takeLock, objects, helper } = job;
  const report = withAddresses(job.report, objects);
  return {
    isLocal: () => false,
    ...{ ...job, report, lock: new RunLock(takeLock, clock, signal, report) },
    // In a pause the answers of a helper are heard.
    yielder: new Yielder(clock, signal, helper && msWithHelper),
    subset: settings.subset === 'auto' ? nextSubset(state.get(checkState).checkedShare) : settings.subset,
    reading: new Semaphore(objects?.readers ?? 1),
  };
}

function doneShare(requested: Subset | 'auto' | undefined, share: Subset | undefined): { checkedShare?: number } {
  return requested === 'auto' && share !== undefined ? { checkedShare: share.number } : {};
}

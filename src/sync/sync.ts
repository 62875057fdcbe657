/**
 * Runs one sync, from discovering upstream's changes to the last page. The caller holds the lock.
 *
 * 1. Clear the request flag: a request that arrives from now on causes another pass.
 * 2. Discover what changed, and queue it.
 * 3. Work through the queue, each project a transaction of its own.
 * 4. Publish the root index, the changes and removals, last-modified, and the signed snapshot of all pages.
 *
 * A run that is killed at any point leaves a mirror that pip can use, and the next run continues.
 */
import type { ProjectName } from '../core/names.ts';
import { ownPath } from '../core/paths.ts';
import type { Write } from '../files/file-store.ts';
import { renderLastModified } from '../formats/mirror/last-modified.ts';
import { explainReason } from '../policy/render-reason.ts';
import { indexState, rootIndexIsDue } from '../state/mirror-state.ts';
import { change } from '../state/state-section.ts';
import { compareClocks } from './clocks.ts';
import { begunRemovals, parkCrashed } from './crashed-projects.ts';
import { ChangeWatcher } from './discover/changes-during-run.ts';
import { discoverChanges } from './discover/discover.ts';
import { recoverOldState } from './discover/outdated-state.ts';
import { enqueueDependencies } from './discover/policy-changes.ts';
import { applyLegacySetting, fillLegacyJson } from './index/fill-legacy-json.ts';
import { publishChangeFeed } from './index/publish-change-feed.ts';
import { applyKeepRemoved, emptyTrash, publishRemovals } from './index/removals.ts';
import { publishRootIndex } from './index/root-index.ts';
import type { Mirror } from './mirror.ts';
import { replanUnchanged } from './project/replan.ts';
import { reportUnsatisfied } from './requirements/report-unsatisfied.ts';
import type { Selection } from './selection/selection.ts';
import { signedSnapshot } from './snapshot/sign-snapshot.ts';
import { compareWithSnapshot, requireSnapshot } from './snapshot/upstream-snapshot.ts';
import { verifyPages } from './snapshot/verify-pages.ts';
import { type RunProgress, type WorkResult, workOnCrashSuspects, workThroughQueue } from './work.ts';

/**
 * Runs passes until nothing is due and no further pass is requested. Throws the error that ended the run early:
 * UnreachableError, NonsenseError, StorageError, UsageError, PausedError.
 */
export async function sync(opened: Mirror): Promise<WorkResult> {
  let mirror = opened;
  let done = 0;
  const { state } = mirror;
  const parked = new Map<ProjectName, number>();
  if (!mirror.settings.dryRun) await mirror.files.tidy(false);
  await recoverOldState(mirror);
  parkCrashed(mirror);
  for (;;) {
    const startedMs = mirror.clock.now();
    mirror.takeRequest();
    applyKeepRemoved(mirror);
    await applyLegacySetting(mirror);
    const seen = await requireSnapshot(mirror);
    const { selection, trouble: discoverTrouble } = await discoverChanges(mirror);
    mirror = { ...mirror, selection };
    await verifyPages(mirror, seen);
    compareClocks(mirror);
    mirror.deletionLimit.beginPass(await begunRemovals(mirror));
    warnOfExcluded(mirror);
    const progress = { parked, changes: new ChangeWatcher(mirror) };
    const knowsAll = discoverTrouble === undefined;
    let result = await workAndPublish(mirror, startedMs, knowsAll, () => work(mirror, progress));
    if (state.inProgress.crashSuspects(mirror.clock.now()).length > 0) {
      // The suspects come after everything else is published, because they may kill the process.
      const last = await workAndPublish(mirror, startedMs, knowsAll, () => work(mirror, progress, workOnCrashSuspects));
      result = { ...last, done: result.done + last.done, trouble: result.trouble ?? last.trouble };
    }
    mirror = { ...mirror, selection: result.selection };
    const trouble = discoverTrouble ?? result.trouble;
    if (trouble !== undefined) {
      reportUnsatisfied(mirror);
      mirror.deletionLimit.report(mirror.report);
      throw trouble;
    }
    await compareWithSnapshot(mirror, result.done === 0 ? seen : undefined);
    done += result.done;
    if (mirror.settings.dryRun || !mirror.takeRequest()) {
      reportUnsatisfied(mirror);
      mirror.deletionLimit.report(mirror.report);
      return { done, parked: result.parked };
    }
  }
}

/** Warns of each project that was given by name and that the policy leaves out, as nothing else would report it. */
function warnOfExcluded({ settings, selection, report }: Mirror): void {
  for (const name of settings.projects ?? []) {
    const decision = selection.decide(name);
    if (decision?.hold !== 'none') continue;
    const why = explainReason(decision.because);
    report({ type: 'warning', message: `${name} is asked for, and the policy leaves it out: ${why}` });
  }
}

/**
 * Runs `work`, then publishes the index and what else tells of all projects. The files that claim that upstream's changes
 * up to now are mirrored are published only if all of them are known (`knowsAll`) and upstream was asked about all of
 * them.
 */
async function workAndPublish(
  mirror: Mirror,
  startedMs: number,
  knowsAll: boolean,
  work: () => Promise<PassResult>,
): Promise<PassResult> {
  const { state, files, settings } = mirror;
  const result = await work();
  mirror.storageBudget.report(mirror.report);
  if (settings.dryRun) return result;
  await fillLegacyJson(mirror);
  const { rootIndexDue, rootIndex } = state.get(indexState);
  if (rootIndexDue || (mirror.sign !== undefined && rootIndex === undefined)) {
    await publishRootIndex(mirror);
    state.set(change(indexState, { rootIndexDue: undefined }));
  }
  if (state.totals().queued === 0) await files.tidy(true);
  await publishChangeFeed(mirror);
  await publishRemovals(mirror);
  await emptyTrash(mirror);
  if (knowsAll && result.trouble === undefined)
    await publishOwnPages(mirror, startedMs, await signedSnapshot(mirror, startedMs));
  return result;
}

/** The result of a pass, with the selection by which the last projects were synced. */
interface PassResult extends WorkResult {
  readonly selection: Selection;
}

/** Works through the queue, and queues in turn what the projects that were just published require. */
async function work(before: Mirror, progress: RunProgress, first = workThroughQueue): Promise<PassResult> {
  const { state, report, settings } = before;
  let mirror = before;
  let pass = first;
  const plans = new Map<string, number>();
  let done = 0;
  for (;;) {
    report({ type: 'queued', projects: state.totals().queued });
    done += await replanUnchanged(mirror);
    if (state.totals().queued > 0) state.set(rootIndexIsDue);
    const result = await pass(mirror, progress);
    pass = workThroughQueue;
    done += result.done;
    if (settings.dryRun) return { ...result, done, selection: mirror.selection };
    const { selection, hasQueued } = enqueueDependencies(mirror, plans);
    if (!hasQueued) return { ...result, done, selection };
    mirror = { ...mirror, selection };
  }
}

/**
 * Publishes the files that a run renews even if nothing has changed. They come last, so that they never speak of
 * anything that is not there yet.
 */
async function publishOwnPages({ files, state }: Mirror, startedMs: number, snapshot: readonly Write[]): Promise<void> {
  // The state is written before the tree: see discover/outdated-state.ts.
  state.set(change(indexState, { completedAt: startedMs }));
  const lastModified = { path: ownPath('last-modified'), body: Buffer.from(renderLastModified(startedMs)) };
  await files.publish([lastModified, ...snapshot]);
}

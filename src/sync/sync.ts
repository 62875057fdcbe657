/**
 * One run, from what changed upstream to the last page. The caller holds the lock.
 *
 *   1  clear the request flag: a request that arrives from now on causes another pass
 *   2  learn what changed, and queue it
 *   3  work through the queue, each project a transaction of its own
 *   4  root index, last-modified
 *
 * A run that is killed anywhere leaves a mirror that pip can use, and the next one goes on from there.
 */
import type { ProjectName } from '../core/names.ts';
import { ownPath } from '../core/paths.ts';
import { renderLandingPage } from '../formats/landing-page.ts';
import { renderLastModified } from '../formats/last-modified.ts';
import { learn, queueDependencies } from './learn.ts';
import { warnOfLeftOut } from './left-out.ts';
import type { Mirror } from './mirror.ts';
import { replanUnchanged } from './replan.ts';
import { publishRootIndex } from './root-index.ts';
import { type WorkResult, workThroughQueue } from './work.ts';

/**
 * Runs until nothing is due and nobody asked for another pass.
 * Throws what ended the run early: UnreachableError, NonsenseError, StorageError, UsageError, PausedError.
 */
export async function sync(mirror: Mirror): Promise<WorkResult> {
  let done = 0;
  const parked = new Map<ProjectName, number>();
  if (!mirror.settings.dryRun) await mirror.files.tidy(false);
  for (;;) {
    const startedMs = mirror.clock.now();
    mirror.takeRequest();
    await learn(mirror);
    warnOfLeftOut(mirror);
    const result = await onePass(mirror, startedMs, parked);
    done += result.done;
    if (mirror.settings.dryRun || !mirror.takeRequest()) return { done, parked: result.parked };
  }
}

async function onePass(mirror: Mirror, startedMs: number, parked: Map<ProjectName, number>): Promise<WorkResult> {
  const { state, files, settings } = mirror;
  const result = await work(mirror, parked);
  mirror.space.tell(mirror.report);
  if (settings.dryRun) return result;
  if (state.mirror().rootIndexDue) {
    await publishRootIndex(mirror);
    state.remember({ rootIndexDue: undefined });
  }
  if (state.totals().queued === 0) await files.tidy(true);
  await publishOwnPages(mirror, startedMs);
  return result;
}

/** What the projects that were just published require is queued in turn. */
async function work(mirror: Mirror, parked: Map<ProjectName, number>): Promise<WorkResult> {
  const { state, report } = mirror;
  let done = 0;
  for (;;) {
    report({ type: 'queued', projects: state.totals().queued });
    done += await replanUnchanged(mirror);
    if (state.totals().queued > 0) state.remember({ rootIndexDue: true });
    const result = await workThroughQueue(mirror, parked);
    done += result.done;
    if (mirror.settings.dryRun || !queueDependencies(mirror)) return { done, parked: result.parked };
  }
}

async function publishOwnPages({ files, settings }: Mirror, startedMs: number): Promise<void> {
  const landing = Buffer.from(renderLandingPage(settings.upstream, settings.baseUrl));
  const writes = [{ path: ownPath('last-modified'), body: Buffer.from(renderLastModified(startedMs)) }];
  if (!(await files.read(ownPath('index.html')))?.equals(landing)) {
    writes.push({ path: ownPath('index.html'), body: landing });
  }
  await files.publish(writes);
}

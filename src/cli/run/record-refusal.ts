/**
 * Records a run that was refused because of a setting, so that status, pages and metrics do not go on to say that all
 * is well.
 */
import type { Policy } from '../../policy/policy.ts';
import { adoptionState, isInitialized } from '../../state/mirror-state.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { type Settings, settingsFrom } from '../config/settings.ts';
import { publishStatus } from '../inspect/publish-status.ts';
import { writeMetrics } from '../metrics/write-metrics.ts';
import { exitCodes } from '../program/exit-codes.ts';
import { loadPart } from '../program/load-part.ts';
import { systemClock } from '../program/system-clock.ts';
import { openLease } from '../storage/open-lease.ts';
import type { Target } from '../target/target.ts';
import { openMirror } from './open-mirror.ts';
import { runResults } from './run-results.ts';
import { RunTotals } from './run-totals.ts';

/** What of `mirror.toml` was read before something in it was refused. */
export interface KnownConfig {
  settings?: Settings;
  /** Absent if it was not read. */
  policy?: { readonly value: Policy | undefined };
}

/**
 * Records the run that began at `startedMs` and was refused. A run that is at work records itself. Whatever keeps this
 * from being done is left to the next run: why this one was refused is told in any case.
 */
export async function recordRefusal(target: Target, known: KnownConfig, startedMs: number): Promise<void> {
  try {
    const release = takeLock(target.lock);
    if (release === undefined) return;
    try {
      await record(target, known, startedMs);
    } finally {
      release();
    }
  } catch {
    // See above.
  }
}

async function record(target: Target, known: KnownConfig, startedMs: number): Promise<void> {
  const settings = known.settings ?? settingsFrom(new Map());
  const { value: policy } = known.policy ?? { value: undefined };
  const { signal } = new AbortController();
  const owner = await openLease({ target, settings, clock: systemClock, signal, mayTake: false });
  // The status that others see is that of the machine that publishes.
  if (owner?.kind === 'standby') return;
  const opening = {
    target,
    settings,
    policy,
    verifier: undefined,
    clock: systemClock,
    report: () => {},
    signal,
    owner,
  };
  let opened: Awaited<ReturnType<typeof openMirror>> | undefined;
  try {
    opened = await openMirror({ ...opening, reconcile: false, dryRun: false });
    const { mirror } = opened;
    const { state, files, clock } = mirror;
    if (!isInitialized(state) || state.get(adoptionState).adopting !== undefined) return;
    const result = { startedMs, finishedMs: clock.now(), exitCode: exitCodes.usage };
    const run = { ...result, summary: 'Refused, because of a setting: nothing was done.' };
    state.history.record(run);
    state.set(runResults(state, new RunTotals(), result, false));
    const source = { state, files, settings, policy, isConfigKnown: known.policy !== undefined };
    await publishStatus(source, run);
    const { publishMirrorPages } = await loadPart('site.js', () => import('../../site/mirror-pages.ts'));
    await publishMirrorPages({ ...source, now: clock.now(), isRunning: false });
    await writeMetrics(settings.metricsFile, { root: target.root, state, files });
  } finally {
    await opened?.close();
    await owner?.close();
  }
}

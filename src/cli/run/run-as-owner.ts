/** Lets one machine at a time run, if several mirror into one bucket. */
import { PausedError } from '../../core/errors.ts';
import type { Settings } from '../config/settings.ts';
import { writeStandbyMetrics } from '../metrics/write-metrics.ts';
import { announce, lines } from '../output/lines.ts';
import { exitCodes } from '../program/exit-codes.ts';
import type { PauseRequest } from '../program/signals.ts';
import { systemClock } from '../program/system-clock.ts';
import type { MirrorOwner, MirrorStandby } from '../storage/mirror-owner.ts';
import { openLease } from '../storage/open-lease.ts';
import { removeStandby, writeStandby } from '../target/standby-record.ts';
import { type Target, takeRequest } from '../target/target.ts';
import type { RunArguments } from './run-view.ts';

interface Run {
  readonly command: RunArguments;
  readonly target: Target;
  readonly settings: Settings;
  readonly pause: PauseRequest;
}

/**
 * Does `work` as the machine that publishes the mirror. Another machine stands by: it does nothing, and tells which one
 * publishes. Resolves with the exit code. The caller holds the lock of runs. Throws UsageError, StorageError.
 */
export async function runAsOwner(
  { command, target, settings, pause }: Run,
  work: (owner: MirrorOwner | undefined) => Promise<number>,
): Promise<number> {
  if (command.dryRun) return work(undefined);
  let owner: MirrorOwner | MirrorStandby | undefined;
  try {
    owner = await openLease({ target, settings, clock: systemClock, signal: pause.signal, mayTake: true });
  } catch (error) {
    // The store does not answer, and whoever waits for it has had enough.
    if (!(error instanceof PausedError)) throw error;
    if (!command.quiet)
      announce(settings, 'paused', 'Paused before the object store answered. Resume by starting pep381run again.');
    return pause.exitCode();
  }
  if (owner?.kind === 'standby') {
    takeRequest(target, lines.err);
    const problem = await recordStandby(target, settings, owner);
    if (problem !== undefined) lines.err(`pep381run: Warning: ${problem}`);
    if (!command.quiet) announce(settings, 'standby', owner.reason);
    return exitCodes.ok;
  }
  removeStandby(target);
  try {
    // Somebody has to look at the other machine.
    for (const line of owner?.news ?? []) lines.err(`pep381run: Warning: ${line}`);
    return await work(owner);
  } finally {
    await owner?.close();
  }
}

/**
 * Records for `--status` and in the metrics that this machine stands by. Resolves with why the metrics could not be
 * written. Throws StorageError.
 */
async function recordStandby(
  target: Target,
  { metricsFile, stateMode }: Settings,
  { publisher }: MirrorStandby,
): Promise<string | undefined> {
  if (publisher === undefined) return undefined;
  const record = { publisher: publisher.name, heardMs: publisher.heardMs, askedMs: systemClock.now() };
  writeStandby(target, record, stateMode);
  return writeStandbyMetrics(metricsFile, target.root, record);
}

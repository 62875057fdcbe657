/** Chooses and opens the adapters for a check. */
import type { CheckJob } from '../../check/check-job.ts';
import type { Report } from '../../core/report.ts';
import { FilesystemFileStore } from '../../files/filesystem/filesystem-file-store.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { SqliteStateStore } from '../../state/sqlite/sqlite-state-store.ts';
import { systemClock } from '../program/system-clock.ts';
import type { AdoptingMirror } from '../target/adopt-target.ts';
import { openExpectedState } from '../target/open-expected-state.ts';
import type { Target } from '../target/target.ts';

/** Opens the state and the files for a rebuild of a lost state. Throws StorageError. */
export function openRebuild(target: Target, report: Report, signal: AbortSignal): AdoptingMirror & { close(): void } {
  const state = new SqliteStateStore(target.state, systemClock);
  const files = new FilesystemFileStore(target.root, systemClock);
  files.create();
  return { state, files, report, signal, close: () => state.close() };
}

/** Opens a check. Returns its parameters with a function that closes it. Throws StorageError. */
export function openCheck(
  target: Target,
  options: Pick<CheckJob, 'report' | 'signal' | 'settings' | 'isLocal'>,
): { job: CheckJob; close(): void } {
  const clock = systemClock;
  const state = openExpectedState(target, clock);
  // The staging folder of runs can be used, because the check writes only while it holds their lock.
  const files = new FilesystemFileStore(target.root, clock);
  files.create();
  const job = { ...options, state, files, clock, takeLock: () => takeLock(target.lock) };
  return { job, close: () => state.close() };
}

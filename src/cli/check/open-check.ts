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

/** Where a lost state is made anew. Throws StorageError. */
export function openRebuild(target: Target, report: Report, signal: AbortSignal): AdoptingMirror & { close(): void } {
  const state = new SqliteStateStore(target.state, systemClock);
  const files = new FilesystemFileStore(target.root, systemClock);
  files.create();
  return { state, files, report, signal, close: () => state.close() };
}

/** A check to be started, and how to close it. Throws StorageError. */
export function openCheck(
  target: Target,
  options: Pick<CheckJob, 'report' | 'signal' | 'settings' | 'isLocal'>,
): { job: CheckJob; close(): void } {
  const clock = systemClock;
  const state = openExpectedState(target, clock);
  // What is written is written while the lock of runs is held, so that their staging folder is free.
  const files = new FilesystemFileStore(target.root, clock);
  if (options.settings.repair || options.settings.deleteUnreferenced) files.create();
  const job = { ...options, state, files, clock, takeLock: () => takeLock(target.lock) };
  return { job, close: () => state.close() };
}

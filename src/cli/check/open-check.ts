/** Chooses and opens the adapters for a check. */
import type { CheckJob } from '../../check/check-job.ts';
import type { Report } from '../../core/report.ts';
import { FilesystemFileStore } from '../../files/filesystem/filesystem-file-store.ts';
import { PathSpool, spooling } from '../../files/filesystem/path-spool.ts';
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

/**
 * Opens a check. Returns its parameters with a function that closes it. The hook of the next run hears of what the
 * check changes if `isHeard` is true. Throws StorageError.
 */
export function openCheck(
  target: Target,
  options: Pick<CheckJob, 'report' | 'signal' | 'settings' | 'isLocal'>,
  isHeard: boolean,
): { job: CheckJob; close(): void } {
  const clock = systemClock;
  const state = openExpectedState(target, clock);
  // The staging folder of runs can be used, because the check writes only while it holds their lock.
  const store = new FilesystemFileStore(target.root, clock);
  store.create();
  const spool = isHeard ? new PathSpool(target.root, clock) : undefined;
  const files = spool === undefined ? store : spooling(store, spool);
  const job = { ...options, state, files, clock, takeLock: () => takeLock(target.lock) };
  const close = (): void => {
    spool?.close();
    state.close();
  };
  return { job, close };
}

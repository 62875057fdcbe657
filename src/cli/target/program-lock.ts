/**
 * The lock of a program that may run once at a time on a target. A process that finds the lock held can tell if its
 * holder hangs.
 */
import { statSync, utimesSync } from 'node:fs';
import { hourMs, minuteMs } from '../../core/durations.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { guardStorage } from './guard-storage.ts';

/** Milliseconds without progress after which a holder is taken to hang, or to be stopped. */
const maxSilenceMs = hourMs;
const markedEveryMs = minuteMs;

export interface HeldLock {
  /** Marks that the holder did something. Throws StorageError. */
  progress(): void;
  release(): void;
}

/** Takes the lock kept in the file at `path`. Returns undefined while another process holds it. Throws StorageError. */
export function holdLock(path: string): HeldLock | undefined {
  const release = takeLock(path);
  if (release === undefined) return undefined;
  let markedMs = 0;
  const progress = (): void => {
    const nowMs = Date.now();
    if (Math.abs(nowMs - markedMs) < markedEveryMs) return;
    markedMs = nowMs;
    guardStorage(path, () => utimesSync(path, nowMs / 1000, nowMs / 1000));
  };
  progress();
  return { progress, release };
}

/**
 * Returns a message about the `program` that holds the lock at `path` and hangs; undefined if it makes progress.
 * Throws StorageError.
 */
export function stalledHolderText(path: string, program: string): string | undefined {
  const { mtimeMs } = guardStorage(path, () => statSync(path));
  const silentMs = Date.now() - mtimeMs;
  if (silentMs < maxSilenceMs) return undefined;
  const hours = Math.floor(silentMs / maxSilenceMs);
  const since = new Date(mtimeMs).toISOString();
  return (
    `${path}: another ${program} holds it, and did nothing for ${hours === 1 ? 'an hour' : `${hours} hours`} ` +
    `(since ${since}); look for its process, and end it if it hangs`
  );
}

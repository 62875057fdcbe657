/** The lock of a program of which one at a time works on a target; whoever finds it held learns whether its holder gets on. */
import { statSync, utimesSync } from 'node:fs';
import { hourMs, minuteMs } from '../../core/durations.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { guardStorage } from './guard-storage.ts';

/** A holder that did nothing for so long hangs, or was stopped. */
const longestSilenceMs = hourMs;
const markedEveryMs = minuteMs;

export interface HeldLock {
  /** To be called whenever something was done. Throws StorageError. */
  progress(): void;
  release(): void;
}

/** Takes the lock kept in the file at `path`; undefined while another process holds it. Throws StorageError. */
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

/** What a person should know of the `program` that holds the lock at `path`; undefined while it gets on. Throws StorageError. */
export function stalledHolderText(path: string, program: string): string | undefined {
  const { mtimeMs } = guardStorage(path, () => statSync(path));
  const silentMs = Date.now() - mtimeMs;
  if (silentMs < longestSilenceMs) return undefined;
  const hours = Math.floor(silentMs / longestSilenceMs);
  const since = new Date(mtimeMs).toISOString();
  return (
    `${path}: another ${program} holds it, and did nothing for ${hours === 1 ? 'an hour' : `${hours} hours`} ` +
    `(since ${since}); look for its process, and end it if it hangs`
  );
}

/** What may happen only once: a file that is created exclusively decides, however many processes ask at a time. */
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../core/caught-error.ts';
import { minuteMs } from '../core/durations.ts';

/** Marks are forgotten after twice the longest time for which a signature can be good, and a run be retried. */
const forgottenAfterMs = 20 * minuteMs;
/** Only who knows the secret can leave marks, and nobody needs so many. */
const maxMarks = 1000;

/**
 * Marks `name`, a file name, in `folder`. `first` for exactly one of all who ask within twenty minutes; `full` when the
 * folder holds so many marks that no more are accepted.
 */
export function claimMark(folder: string, name: string, nowMs: number): 'first' | 'again' | 'full' {
  if (!createMark(folder, name)) return 'again';
  if (removeOldMarks(folder, nowMs) <= maxMarks) return 'first';
  removeMark(folder, name);
  return 'full';
}

/**
 * Creates a mark, and tells whether it was this call that did. Others may write to the folder that `folder` lies in: where
 * it is a link, or not of this process's user, nothing may be removed from it, as it may be exchanged at any time; then an
 * Error is thrown.
 */
export function createMark(folder: string, name: string): boolean {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const found = lstatSync(folder);
  const isNew = found.isDirectory() && createFile(path);
  // Who owns what was just created is the user that this process runs as.
  if (found.isDirectory() && (!isNew || lstatSync(path).uid === found.uid)) return isNew;
  throw new Error(`${folder}: expected a folder of the web server's user, found a link or somebody else's; remove it`);
}

/** Takes a mark back. */
export function removeMark(folder: string, name: string): void {
  rmSync(join(folder, name), { force: true });
}

/** Creates an empty file, and tells whether it was this call that did. */
export function createFile(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o664));
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** How old the file at `path` is, whichever way the clock was moved since; undefined when there is none. */
export function ageMs(path: string, nowMs: number): number | undefined {
  // Of a link its own age: whoever put it there chose where it leads, and whether anywhere.
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found && Math.abs(nowMs - found.mtimeMs);
}

/** Removes old marks; returns how many are left. */
function removeOldMarks(folder: string, nowMs: number): number {
  let left = 0;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if ((ageMs(path, nowMs) ?? 0) > forgottenAfterMs) rmSync(path, { force: true });
    else left += 1;
  }
  return left;
}

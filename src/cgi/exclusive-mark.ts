/**
 * Lets something happen only once. A file that is created exclusively decides, however many processes try at a time.
 */
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../core/caught-error.ts';
import { minuteMs } from '../core/durations.ts';

/**
 * Age in milliseconds after which marks are removed: twice the longest validity of a signature, and twice the time
 * between two retries of a run.
 */
const forgottenAfterMs = 20 * minuteMs;
/**
 * Number of marks that a folder may hold. Only clients that know the secret can leave marks, and none needs so many.
 */
const maxMarks = 1000;

/**
 * Marks `name`, a file name, in `folder`. Returns 'first' for exactly one of all calls within twenty minutes, 'again'
 * for the others, and 'full' if the folder holds so many marks that no more are accepted.
 */
export function claimMark(folder: string, name: string, nowMs: number): 'first' | 'again' | 'full' {
  if (!createMark(folder, name)) return 'again';
  if (removeOldMarks(folder, nowMs) <= maxMarks) return 'first';
  removeMark(folder, name);
  return 'full';
}

/**
 * Creates a mark. Returns true if this call created it, and false if it exists.
 * Throws an Error if `folder` is a link, or not of this process's user. Others may write to the parent of `folder`, and
 * could exchange such a folder at any time, so nothing may be removed from it.
 */
export function createMark(folder: string, name: string): boolean {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const found = lstatSync(folder);
  const isNew = found.isDirectory() && createFile(path);
  // The owner of a new file is the user that this process runs as.
  if (found.isDirectory() && (!isNew || lstatSync(path).uid === found.uid)) return isNew;
  throw new Error(`${folder}: expected a folder of the web server's user, found a link or somebody else's; remove it`);
}

/** Removes a mark. */
export function removeMark(folder: string, name: string): void {
  rmSync(join(folder, name), { force: true });
}

/** Creates an empty file. Returns true if this call created it, and false if it exists. */
export function createFile(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o664));
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/**
 * Returns the age of the file at `path` in milliseconds, even if the clock was set back since. Undefined if there is
 * none.
 */
export function ageMs(path: string, nowMs: number): number | undefined {
  // A link is not followed: its creator chose the target, and if there is one.
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found && Math.abs(nowMs - found.mtimeMs);
}

/** Removes old marks, and returns the number of those that are left. */
function removeOldMarks(folder: string, nowMs: number): number {
  let left = 0;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if ((ageMs(path, nowMs) ?? 0) > forgottenAfterMs) rmSync(path, { force: true });
    else left += 1;
  }
  return left;
}

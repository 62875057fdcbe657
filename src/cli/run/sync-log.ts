/**
 * The log of runs that `/sync` started. Nobody reads their output, and an alarm is reported only once. So they write
 * to `TARGET/run/sync.log`; the next run that is started in another way reports its lines and removes it.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import { messageOf } from '../../core/caught-error.ts';

const maxLogBytes = 64 << 10;
const maxLineLength = 400;
const maxLines = 15;

/**
 * Removes the log at `path`. Returns its lines, without duplicates, as messages; none if this process itself writes to
 * that log.
 */
export function takeSyncLog(path: string): readonly string[] {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined || isWrittenHere(path)) return [];
  const output = attempt(() => [...new Set(readLog(path).split('\n'))].filter((line) => line.trim() !== ''));
  const removed = attempt(() => unlinkSync(path));
  const problem = [output, removed].find((result) => typeof result === 'string');
  if (problem !== undefined)
    return [`${path}: what runs had to say that /sync started cannot be taken: ${problem}; remove it`];
  const lines = Array.isArray(output) ? output : [];
  const more = lines.length > maxLines ? [`${lines.length - maxLines} more lines`] : [];
  return [...lines.slice(0, maxLines), ...more].map(
    (line) => `a run that /sync started said: ${line.slice(0, maxLineLength)}`,
  );
}

/** Returns true if this process writes to the log at `path`, that is, if `/sync` started it. */
export function isWrittenHere(path: string): boolean {
  const { dev, ino } = lstatSync(path, { throwIfNoEntry: false }) ?? {};
  return [1, 2].map((fd) => fstatSync(fd)).some((stream) => stream.dev === dev && stream.ino === ino);
}

/** Returns the result of `work`, or the error message if it throws. */
function attempt<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    return messageOf(error, String(error));
  }
}

/** Reads the beginning of the log. Others may write to its folder, so neither a link nor a pipe is followed. */
function readLog(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new Error('expected a file, found something else');
    const bytes = Buffer.alloc(maxLogBytes);
    return bytes.toString('utf8', 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}

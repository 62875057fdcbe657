/**
 * What runs that `/sync` started had to say: nobody reads it where they run, and an alarm is told once. They write it to
 * `TARGET/run/sync.log`, and the next run that is started in another way tells it, and removes it.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import { messageOf } from '../../core/caught-error.ts';

const longestLog = 64 << 10;
const longestLine = 400;
const maxLines = 15;

/** The lines of the log at `path`, each once, as messages; it is gone then. None where this process itself writes there. */
export function takeSyncLog(path: string): readonly string[] {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined || isWrittenHere(path)) return [];
  const said = attempt(() => [...new Set(readLog(path).split('\n'))].filter((line) => line.trim() !== ''));
  const removed = attempt(() => unlinkSync(path));
  const problem = [said, removed].find((result) => typeof result === 'string');
  if (problem !== undefined)
    return [`${path}: what runs had to say that /sync started cannot be taken: ${problem}; remove it`];
  const lines = Array.isArray(said) ? said : [];
  const more = lines.length > maxLines ? [`${lines.length - maxLines} more lines`] : [];
  return [...lines.slice(0, maxLines), ...more].map(
    (line) => `a run that /sync started said: ${line.slice(0, longestLine)}`,
  );
}

/** Whether the log at `path` is what this process writes to: then it was started by `/sync`. */
export function isWrittenHere(path: string): boolean {
  const { dev, ino } = lstatSync(path, { throwIfNoEntry: false }) ?? {};
  return [1, 2].map((fd) => fstatSync(fd)).some((stream) => stream.dev === dev && stream.ino === ino);
}

/** What comes of it, or why nothing does. */
function attempt<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    return messageOf(error, String(error));
  }
}

/** Others may write to the folder: neither a link nor a pipe is followed. */
function readLog(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new Error('expected a file, found something else');
    const bytes = Buffer.alloc(longestLog);
    return bytes.toString('utf8', 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}

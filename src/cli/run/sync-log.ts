/**
 * The log of runs that `/sync` started. Nobody reads their output, and an alarm is reported only once. So they write
 * to `TARGET/run/sync.log`, which Apache's user can create. The next run, whoever starts it, takes the lines over into
 * `TARGET/log/sync.log`, where only the mirror's owner can write; a run that a person reads also prints them.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../core/caught-error.ts';
import { printable } from '../output/printable.ts';
import { isoTime } from '../output/units.ts';

const maxLogBytes = 64 << 10;
const maxLineLength = 1000;
const maxLines = 15;
/** Bytes from which on the kept log becomes `sync.log.1`, in place of the one before. */
const maxKeptBytes = 1 << 20;

/** What was taken from the log. */
export interface SyncLog {
  /** The lines for people, without duplicates. */
  readonly lines: readonly string[];
  /** Time in milliseconds of the last line. */
  readonly timeMs: number;
  /** Why the log could not be taken. */
  readonly problem?: string;
}

/**
 * Removes the log at `path` and returns its lines; undefined if there are none. A process that itself writes to the
 * log empties it.
 */
export function takeSyncLog(path: string): SyncLog | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const output = attempt(() => [...new Set(messagesIn(readLog(path)))]);
  const fd = ownStream(path);
  const removed = attempt(() => (fd === undefined ? unlinkSync(path) : ftruncateSync(fd)));
  const reason = [output, removed].find((result) => typeof result === 'string');
  const all = Array.isArray(output) && reason === undefined ? output : [];
  const more = all.length > maxLines ? [`${all.length - maxLines} more lines`] : [];
  const lines = [...all.slice(0, maxLines), ...more].map((line) => line.slice(0, maxLineLength));
  const problem = `${path}: what runs had to say that /sync started cannot be taken: ${reason}; remove it`;
  if (lines.length === 0 && reason === undefined) return undefined;
  return { lines, timeMs: found.mtimeMs, ...(reason !== undefined && { problem }) };
}

/**
 * Returns the messages in `text`, each as one line: what is indented continues the one before, such as the items of a
 * list.
 */
function messagesIn(text: string): string[] {
  const messages: string[] = [];
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    const before = messages.at(-1);
    const continued = before !== undefined && /^\s/.test(line) && before.length < maxLineLength;
    if (continued) messages[messages.length - 1] = `${before}${before.endsWith(':') ? '' : ';'} ${line.trim()}`;
    else messages.push(line);
  }
  return messages;
}

/** Appends the lines to the log at `path`, which is created if it is missing. Returns why that failed, if it did. */
export function keepSyncLog(path: string, { lines, timeMs }: SyncLog): string | undefined {
  const text = lines.map((line) => `${isoTime(timeMs)} ${printable(line)}\n`).join('');
  const failure = attempt(() => {
    mkdirSync(dirname(path), { recursive: true });
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
    const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o640);
    try {
      writeFileSync(fd, text);
      if (fstatSync(fd).size > maxKeptBytes) renameSync(path, `${path}.1`);
    } finally {
      closeSync(fd);
    }
  });
  return failure === undefined ? undefined : `${path}: cannot be written: ${failure}`;
}

/** Returns true if this process writes to the log at `path`, that is, if `/sync` started it. */
export function isWrittenHere(path: string): boolean {
  return ownStream(path) !== undefined;
}

/** Returns standard output or standard error, if that is the log at `path`. */
function ownStream(path: string): number | undefined {
  const { dev, ino } = lstatSync(path, { throwIfNoEntry: false }) ?? {};
  return [1, 2].find((fd) => {
    const stream = fstatSync(fd);
    return stream.dev === dev && stream.ino === ino;
  });
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

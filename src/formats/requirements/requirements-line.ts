/**
 * The lines of a requirements file, as pip takes them apart.
 *
 * - A backslash at its end joins a line with the next one, a comment ends that; `#` begins a comment at the beginning of
 *   a line and behind white space.
 * - What stands before the first word with a dash is a requirement, in which no quotes are undone; the rest are options,
 *   taken apart as a shell does.
 */
import { UsageError } from '../../core/errors.ts';
import { type LineOptions, readOptions, splitWords } from './requirements-options.ts';

/** A line that says something, joined with those that continue it. */
export interface LogicalLine {
  /** Without comments and the white space around it; never empty. */
  readonly text: string;
  /** Where it begins, from 1. */
  readonly line: number;
}

/** A line taken apart. */
export interface RequirementsLine extends LineOptions {
  /** Empty when the line has options only. */
  readonly requirement: string;
}

/** Where Python ends a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: three of them are
const endOfLine = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;
const commentLine = /^\s*#/;
const comment = /(?:^|\s)#.*$/s;

/** A pin with the hashes of thousands of files fits. */
const longestLine = 1_000_000;

/** The lines of `text` that say something; `path` names it in errors. Throws {@link UsageError} for an endless one. */
export function logicalLines(text: string, path: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let open: string[] = [];
  const physical = text.split(endOfLine);
  for (const [index, line] of physical.entries()) {
    const isComment = commentLine.test(line);
    const continues = line.endsWith('\\') && !isComment;
    open.push(continues ? withoutBackslashes(line) : isComment ? ` ${line}` : line);
    if (continues) continue;
    lines.push(logicalLine(open, index + 1, path));
    open = [];
  }
  if (open.length > 0) lines.push(logicalLine(open, physical.length, path));
  return lines.filter((line) => line.text !== '');
}

function logicalLine(pieces: readonly string[], last: number, path: string): LogicalLine {
  const line = last - pieces.length + 1;
  const text = pieces.join('');
  if (text.length > longestLine) {
    throw new UsageError(`${path}:${line}: expected at most ${longestLine} characters in a line, found ${text.length}`);
  }
  return { text: text.replace(comment, '').trim(), line };
}

/** At its beginning as well: so does pip. */
function withoutBackslashes(line: string): string {
  let [start, end] = [0, line.length];
  while (line[start] === '\\') start++;
  while (end > start && line[end - 1] === '\\') end--;
  return line.slice(start, end);
}

/** Takes a line apart; `where` names it in errors. Throws {@link UsageError} for options that pip does not know. */
export function parseRequirementsLine(text: string, where: string): RequirementsLine {
  const dash = text.startsWith('-') ? 0 : text.indexOf(' -');
  const end = dash < 0 ? text.length : dash;
  return { requirement: text.slice(0, end).trim(), ...readOptions(splitWords(text.slice(end), where), where) };
}

/**
 * Splits a requirements file into lines as pip does.
 *
 * - A backslash at the end joins a line with the next one, but a comment line ends that. `#` begins a comment at the
 *   beginning of a line and behind white space.
 * - The text before the first word with a dash is a requirement, in which quotes are kept. The rest are options, split
 *   as by a shell.
 */
import { UsageError } from '../../core/errors.ts';
import { type LineOptions, readOptions, splitWords } from './requirements-options.ts';

/** A line with content, joined with the lines that continue it. */
export interface LogicalLine {
  /** The text without comments and surrounding white space; never empty. */
  readonly text: string;
  /** The number of its first line, from 1. */
  readonly line: number;
}

/** A line split into its parts. */
export interface RequirementsLine extends LineOptions {
  /** Empty if the line has options only. */
  readonly requirement: string;
}

/** The line endings of Python. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: three of them are
const endOfLine = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;
const commentLine = /^\s*#/;
const comment = /(?:^|\s)#.*$/s;

/** Characters. Enough for a pin with the hashes of thousands of files. */
const maxLineLength = 1_000_000;

/**
 * Returns the lines of `text` with content. `path` names it in errors. Throws {@link UsageError} if a line is too long.
 */
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
  if (text.length > maxLineLength) {
    throw new UsageError(
      `${path}:${line}: expected at most ${maxLineLength} characters in a line, found ${text.length}`,
    );
  }
  return { text: text.replace(comment, '').trim(), line };
}

/** Removes backslashes at the end, and like pip also at the beginning. */
function withoutBackslashes(line: string): string {
  let [start, end] = [0, line.length];
  while (line[start] === '\\') start++;
  while (end > start && line[end - 1] === '\\') end--;
  return line.slice(start, end);
}

/** Splits a line. `where` names it in errors. Throws {@link UsageError} for options that pip does not know. */
export function parseRequirementsLine(text: string, where: string): RequirementsLine {
  const dash = text.startsWith('-') ? 0 : text.indexOf(' -');
  const end = dash < 0 ? text.length : dash;
  return { requirement: text.slice(0, end).trim(), ...readOptions(splitWords(text.slice(end), where), where) };
}

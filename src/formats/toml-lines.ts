/**
 * Finds the line of each value in a TOML file. Messages name the line, and TOML parsers do not give it. The text has
 * been parsed before, so this reader need not check it: it only finds where keys and values begin and end.
 */
import { Scanner } from '../packaging/scanner.ts';

const blank = /(?:[ \t\r\n]|#[^\n]*)*/y;
const key = /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+/y;
const dot = /[ \t]*\.[ \t]*/y;
const equals = /[ \t]*=[ \t]*/y;
const openTables = /\[\[[ \t]*/y;
const openBracket = /\[[ \t]*/y;
const closeBrackets = /[ \t]*\]{1,2}/y;
const openBrace = /\{/y;
const closeBrace = /\}/y;
const comma = /,/y;
const text = /"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}|'''(?:[^']|'{1,2}(?!'))*'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y;
const bare = /[^,\]}\r\n#]+/y;
const anything = /[\s\S]/y;

/**
 * Returns a function from a path such as `files.max-size` or `rule.0.projects.2` to the line of that value, counted
 * from 1. For a path that does not exist the function returns the line of its nearest existing parent. `toml` must be
 * valid.
 */
export function tomlLines(toml: string): (keyPath: string) => number {
  const lines = new Map<string, number>();
  readDocument(new LineScanner(toml), lines);
  return (keyPath) => {
    for (let path = keyPath; path !== ''; path = path.slice(0, Math.max(path.lastIndexOf('.'), 0))) {
      const line = lines.get(path);
      if (line !== undefined) return line;
    }
    return 1;
  };
}

/** A scanner that counts lines. */
class LineScanner {
  readonly #scanner: Scanner;
  line = 1;

  constructor(toml: string) {
    this.#scanner = new Scanner(toml);
  }

  take(pattern: RegExp): string | undefined {
    const token = this.#scanner.take(pattern);
    if (token?.includes('\n')) this.line += token.split('\n').length - 1;
    return token;
  }
}

type Lines = Map<string, number>;

function readDocument(scanner: LineScanner, lines: Lines): void {
  /** The number of tables so far in each array of tables. */
  const counts = new Map<string, number>();
  let table = '';
  for (;;) {
    scanner.take(blank);
    const isOfMany = scanner.take(openTables) !== undefined;
    if (isOfMany || scanner.take(openBracket) !== undefined) {
      table = readHeader(scanner, isOfMany, counts, lines);
    } else if (!readPair(scanner, table, lines) && scanner.take(anything) === undefined) return;
  }
}

/** Reads `[a.b]` or `[[a.b]]`, and returns the path of the table that begins here. */
function readHeader(scanner: LineScanner, isOfMany: boolean, counts: Map<string, number>, lines: Lines): string {
  const { line } = scanner;
  const keys = readKeys(scanner);
  let path = '';
  for (const [index, name] of keys.entries()) {
    path = join(path, name);
    note(lines, path, line);
    const isNew = isOfMany && index === keys.length - 1;
    if (isNew) counts.set(path, (counts.get(path) ?? 0) + 1);
    const count = counts.get(path);
    if (count !== undefined) path = join(path, String(count - 1));
    note(lines, path, line);
  }
  scanner.take(closeBrackets);
  return path;
}

/** Reads `a.b = value`. Returns false if there is no key here. */
function readPair(scanner: LineScanner, table: string, lines: Lines): boolean {
  const { line } = scanner;
  const keys = readKeys(scanner);
  let path = table;
  for (const name of keys) {
    path = join(path, name);
    note(lines, path, line);
  }
  scanner.take(equals);
  if (keys.length > 0) readValue(scanner, path, lines);
  return keys.length > 0;
}

function readKeys(scanner: LineScanner): string[] {
  const keys: string[] = [];
  do {
    const name = scanner.take(key);
    if (name === undefined) break;
    keys.push(/^["']/.test(name) ? name.slice(1, -1) : name);
  } while (scanner.take(dot) !== undefined);
  return keys;
}

function readValue(scanner: LineScanner, path: string, lines: Lines): void {
  if (scanner.take(openBracket) !== undefined) readArray(scanner, path, lines);
  else if (scanner.take(openBrace) !== undefined) readInlineTable(scanner, path, lines);
  else if (scanner.take(text) === undefined) scanner.take(bare);
}

function readArray(scanner: LineScanner, path: string, lines: Lines): void {
  const close = /\]/y;
  for (let index = 0; ; index += 1) {
    scanner.take(blank);
    if (scanner.take(close) !== undefined) return;
    const item = join(path, String(index));
    note(lines, item, scanner.line);
    readValue(scanner, item, lines);
    scanner.take(blank);
    if (scanner.take(comma) === undefined) {
      scanner.take(close);
      return;
    }
  }
}

function readInlineTable(scanner: LineScanner, path: string, lines: Lines): void {
  do {
    scanner.take(blank);
    if (!readPair(scanner, path, lines)) break;
    scanner.take(blank);
  } while (scanner.take(comma) !== undefined);
  scanner.take(closeBrace);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** Remembers the first line of a path: later lines may add to a table that began before. */
function note(lines: Lines, path: string, line: number): void {
  if (!lines.has(path)) lines.set(path, line);
}

/**
 * On which line of a TOML file a value stands: messages name it, and parsers do not tell. The text has been parsed
 * before, so that this reader need not know what is valid: it only finds where keys and values begin and end.
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
 * The line, from 1 on, of each value of `toml`, which is valid, by its path: `files.max-size`, `rule.0.projects.2`.
 * For a path that is not there it is the line of what would hold it.
 */
export function tomlLines(toml: string): (keyPath: string) => number {
  const document = new Place(1);
  readDocument(new LineScanner(toml), document);
  return (keyPath) => {
    let place = document;
    for (const name of keyPath.split('.')) {
      const member = place.members.get(name);
      if (member === undefined) break;
      place = member;
    }
    return place.line;
  };
}

/** A value: what holds it knows it by its name. Whole paths would take the square of their length. */
class Place {
  readonly line: number;
  readonly members = new Map<string, Place>();
  /** How many tables it has by now as an array of tables. */
  tables = 0;

  constructor(line: number) {
    this.line = line;
  }

  /** What `name` is within this, which may have dots in it. What stands first counts: a later line adds to it. */
  member(name: string, line: number): Place {
    let place: Place = this;
    for (const part of name.split('.')) {
      const member = place.members.get(part) ?? new Place(line);
      place.members.set(part, member);
      place = member;
    }
    return place;
  }
}

/** Knows on which line it is. */
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

function readDocument(scanner: LineScanner, document: Place): void {
  let table = document;
  for (;;) {
    scanner.take(blank);
    const isOfMany = scanner.take(openTables) !== undefined;
    if (isOfMany || scanner.take(openBracket) !== undefined) table = readHeader(scanner, isOfMany, document);
    else if (!readPair(scanner, table) && scanner.take(anything) === undefined) return;
  }
}

/** `[a.b]` or `[[a.b]]`: the table that begins here. */
function readHeader(scanner: LineScanner, isOfMany: boolean, document: Place): Place {
  const { line } = scanner;
  const keys = readKeys(scanner);
  let table = document;
  for (const [index, name] of keys.entries()) {
    table = table.member(name, line);
    if (isOfMany && index === keys.length - 1) table.tables += 1;
    if (table.tables > 0) table = table.member(String(table.tables - 1), line);
  }
  scanner.take(closeBrackets);
  return table;
}

/** `a.b = value`. False when no key stands here. */
function readPair(scanner: LineScanner, table: Place): boolean {
  const { line } = scanner;
  const keys = readKeys(scanner);
  let place = table;
  for (const name of keys) place = place.member(name, line);
  scanner.take(equals);
  if (keys.length > 0) readValue(scanner, place);
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

function readValue(scanner: LineScanner, place: Place): void {
  if (scanner.take(openBracket) !== undefined) readArray(scanner, place);
  else if (scanner.take(openBrace) !== undefined) readInlineTable(scanner, place);
  else if (scanner.take(text) === undefined) scanner.take(bare);
}

function readArray(scanner: LineScanner, place: Place): void {
  const close = /\]/y;
  for (let index = 0; ; index += 1) {
    scanner.take(blank);
    if (scanner.take(close) !== undefined) return;
    readValue(scanner, place.member(String(index), scanner.line));
    scanner.take(blank);
    if (scanner.take(comma) === undefined) {
      scanner.take(close);
      return;
    }
  }
}

function readInlineTable(scanner: LineScanner, place: Place): void {
  do {
    scanner.take(blank);
    if (!readPair(scanner, place)) break;
    scanner.take(blank);
  } while (scanner.take(comma) !== undefined);
  scanner.take(closeBrace);
}

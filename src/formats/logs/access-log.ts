/**
 * Reads Apache's logs in the formats `combined` and `vhost_combined`, one line at a time:
 *
 *   [vhost:port ]host ident user [22/Nov/2026:15:09:45 +0000] "GET /path HTTP/1.1" 200 748 "referer" "user agent"
 *
 * A quote within quotes is written `\"`, a backslash `\\`. The text before the date may be anything, including brackets
 * and spaces. Whatever a line contains, each byte is read a few times at most, and no text is made from it.
 */
import { LogTimeReader } from './log-time.ts';
import { resolvedPath } from './requested-path.ts';

const quote = 0x22;
const minus = 0x2d;
const question = 0x3f;
const backslash = 0x5c;
const bracket = 0x5b;
const space = 0x20;
const slash = 0x2f;
const dot = 0x2e;
const percent = 0x25;
const zero = 0x30;

/** The distance from the bracket to behind the quote in `[dd/Mon/yyyy:hh:mm:ss +zzzz] "`. */
const fromDateToRequest = 30;

const getSpace = Buffer.from('GET ');
const packages = Buffer.from('/packages/');
const protocol = Buffer.from(' HTTP/');

/**
 * The kind of a line. `file`: a whole file below /packages/ was sent. `part`: a range of one was sent. `method`,
 * `status` and `address`: other requests, which do not count because of another method, an answer without content, or
 * another address. `unreadable`: not a line of such a log.
 */
export type LineKind = 'file' | 'part' | 'method' | 'status' | 'address' | 'unreadable';

/** Reads lines. The result is in the members until the next line is read. */
export class AccessLogReader {
  readonly #time = new LogTimeReader();
  #searched: Buffer | undefined;
  #searchedFrom = 0;
  #question = 0;
  /** A hash of the text that identifies the client. */
  client = 0;
  /** Seconds since 1970. Valid unless the line is `unreadable`. */
  seconds = 0;
  /**
   * The path as it was sent, percent-encoded, without the query. This member and those below are valid only for `file`
   * and `part`.
   */
  pathStart = 0;
  pathEnd = 0;
  /** Bytes in the body of the answer. */
  size = 0;
  /** The user agent with Apache's escapes and its closing quote, and with any fields that follow it. */
  agentStart = 0;
  agentEnd = 0;

  /** Reads the line from `start` to `end`. The bytes of a Buffer must not change while its lines are read. */
  read(bytes: Buffer, start: number, end: number): LineKind {
    const date = this.#findDate(bytes, start, end);
    if (date < 0) return 'unreadable';
    const request = date + fromDateToRequest;
    if (bytes[request - 1] !== quote) return 'unreadable';
    if (!startsWith(bytes, request, end, getSpace)) return 'method';
    const pathStart = skipOrigin(bytes, request + getSpace.length, end);
    if (!startsWith(bytes, pathStart, end, packages) && !leadsToPackages(bytes, pathStart, end)) return 'address';
    const after = this.#findPath(bytes, pathStart);
    if (after < 0 || !startsWith(bytes, after, end, protocol)) return kindOfMalformed(bytes, request, end);
    const closing = closingQuote(bytes, after + protocol.length, end);
    if (closing < 0) return 'unreadable';
    return this.#readAnswer(bytes, closing + 2, end);
  }

  /** Finds the date, and hashes the text before it. Returns the position of the date's bracket, or -1. */
  #findDate(bytes: Buffer, start: number, end: number): number {
    let hash = 0;
    let before = space;
    for (let at = start; at + fromDateToRequest < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte === bracket && before === space) {
        const seconds = this.#time.read(bytes, at);
        if (seconds !== undefined) {
          this.seconds = seconds;
          this.client = hash;
          return at;
        }
      }
      hash = Math.imul(hash ^ byte, 0x01000193);
      before = byte;
    }
    return -1;
  }

  /** Finds the path. Returns the position of the space behind its query, or -1. */
  #findPath(bytes: Buffer, start: number): number {
    const end = bytes.indexOf(space, start);
    this.pathStart = start;
    this.pathEnd = Math.min(end, this.#questionFrom(bytes, start));
    return end;
  }

  /**
   * Returns the position of the next question mark. Since they are rare, the result is kept for the following lines.
   */
  #questionFrom(bytes: Buffer, start: number): number {
    if (bytes !== this.#searched || this.#question < start || start < this.#searchedFrom) {
      const found = bytes.indexOf(question, start);
      this.#searched = bytes;
      this.#searchedFrom = start;
      this.#question = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    return this.#question;
  }

  /** Reads ` 200 748 "referer" "user agent"`. */
  #readAnswer(bytes: Buffer, start: number, end: number): LineKind {
    const status = decimal(bytes, start, start + 3);
    if (start + 5 > end || status < 0 || bytes[start + 3] !== space) return 'unreadable';
    if (status !== 200 && status !== 206) return 'status';
    let at = start + 4;
    while (at < end && bytes[at] !== space) at += 1;
    this.size = bytes[start + 4] === minus ? 0 : decimal(bytes, start + 4, at);
    if (this.size < 0 || bytes[at + 1] !== quote) return 'unreadable';
    const closing = closingQuote(bytes, at + 2, end);
    if (closing < 0 || bytes[closing + 1] !== space || bytes[closing + 2] !== quote) return 'unreadable';
    this.agentStart = closing + 3;
    this.agentEnd = lastQuote(bytes, end) + 1;
    if (this.agentEnd <= this.agentStart) return 'unreadable';
    return status === 200 ? 'file' : 'part';
  }
}

/** Returns the kind of a malformed request. Requests of attackers are refused, so their lines have an error status. */
function kindOfMalformed(bytes: Buffer, request: number, end: number): LineKind {
  const status = closingQuote(bytes, request, end) + 2;
  return status > 1 && decimal(bytes, status, Math.min(end, status + 3)) >= 300 ? 'status' : 'unreadable';
}

/** Returns the user agent at the beginning of `field` without escapes, or undefined if its quote is not closed. */
export function unescapeAgent(field: Buffer): string | undefined {
  const end = closingQuote(field, 0, field.length);
  if (end < 0) return undefined;
  const text = field.toString('latin1', 0, end);
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, character: string) =>
    hex === undefined ? (controls[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const controls: Readonly<Record<string, string>> = { b: '\b', n: '\n', r: '\r', t: '\t', v: '\v' };

function startsWith(bytes: Buffer, start: number, end: number, expected: Buffer): boolean {
  if (start + expected.length > end) return false;
  for (let at = 0; at < expected.length; at += 1) if (bytes[start + at] !== expected[at]) return false;
  return true;
}

/** Returns true if the path leads below /packages/ in another spelling: `//packages/`, `/simple/../packages/`. */
function leadsToPackages(bytes: Buffer, start: number, end: number): boolean {
  const second = bytes[start + 1];
  let isUnnormalized = second === slash || second === percent;
  let at = start + 1;
  for (; at < end && bytes[at] !== space && bytes[at] !== question; at += 1) {
    if (bytes[at] === dot && bytes[at - 1] === slash) isUnnormalized = true;
  }
  return isUnnormalized && resolvedPath(bytes.toString('latin1', start, at)).startsWith('packages/');
}

/** Skips the `http://host` in requests of a proxy. */
function skipOrigin(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] !== 0x68 || bytes.toString('latin1', start, start + 4) !== 'http') return start;
  let slashes = 0;
  for (let at = start; at < end && bytes[at] !== space; at += 1) {
    if (bytes[at] === slash) slashes += 1;
    if (slashes === 3) return at;
  }
  return start;
}

/** Returns the position of the next unescaped quote, or -1. */
function closingQuote(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote) return at;
    if (byte === backslash) at += 1;
  }
  return -1;
}

function lastQuote(bytes: Buffer, end: number): number {
  let at = end - 1;
  // Usually only a carriage return follows the quote, but a field without quotes may.
  while (at >= 0 && bytes[at] !== quote) at -= 1;
  return at;
}

function decimal(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - zero;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  // Sums of sizes are integers of SQLite. No answer is larger than what a number tells exactly.
  return end > start && Number.isSafeInteger(value) ? value : -1;
}

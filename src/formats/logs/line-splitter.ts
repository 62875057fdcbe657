/** Cuts a stream of bytes into lines, without copying them. */

const lineFeed = 0x0a;

/** Longer lines are passed over: nothing that Apache writes on its own comes near. */
export const longestLine = 64 * 1024;
/** So much is kept of what was passed. */
export const longestBefore = 4096;

/** Gets a line: the bytes from `start` to `end`, without its end of line. They are valid during the call only. */
export type LineVisitor = (bytes: Buffer, start: number, end: number) => void;

/**
 * Zeros at the beginning of a line are no part of it: a log that was truncated under a server that writes at its old
 * position begins with as many as it had bytes.
 */
export class LineSplitter {
  readonly #visit: LineVisitor;
  readonly #visitTooLong: () => void;
  /** The beginning of a line whose end has not come yet. */
  #rest: Buffer = Buffer.alloc(0);
  #isTooLong = false;
  #position: number;
  #before: Buffer = Buffer.alloc(0);

  /** Calls `visit` for each line that is complete; `position` is where the stream begins. */
  constructor(position: number, visit: LineVisitor, visitTooLong: () => void) {
    this.#position = position;
    this.#visit = visit;
    this.#visitTooLong = visitTooLong;
  }

  /** Where in the stream the line begins that is not complete yet. */
  get position(): number {
    return this.#position;
  }

  /** The bytes before the position, as far as they were in the stream; at most `longestBefore`. */
  get before(): Buffer {
    return this.#before;
  }

  push(chunk: Buffer): void {
    let start = 0;
    if (this.#rest.length > 0 || this.#isTooLong) {
      start = chunk.indexOf(lineFeed) + 1;
      if (start === 0) {
        this.#keep(chunk);
        return;
      }
      this.#keep(chunk.subarray(0, start));
      if (this.#isTooLong) this.#visitTooLong();
      else this.#whole(this.#rest, 0, this.#rest.length - 1);
      this.#pass(this.#rest);
      this.#isTooLong = false;
      this.#rest = Buffer.alloc(0);
    }
    const from = start;
    for (let end = chunk.indexOf(lineFeed, start); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      this.#whole(chunk, start, end);
      start = end + 1;
    }
    this.#pass(chunk.subarray(from, start));
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** The last line, when nothing ended it. One that is too long already is told. */
  end(): Buffer {
    if (this.#isTooLong) this.#visitTooLong();
    return this.#rest;
  }

  #whole(bytes: Buffer, begin: number, end: number): void {
    const start = bytes[begin] === 0 ? behindZeros(bytes, begin, end) : begin;
    if (end - start > longestLine) this.#visitTooLong();
    else this.#visit(bytes, start, end);
  }

  /** What is kept of a line never exceeds the longest one; the bytes of a longer one count as read at once. */
  #keep(bytes: Buffer): void {
    let piece = bytes;
    if (this.#rest.length === 0 && !this.#isTooLong && bytes[0] === 0) {
      const zeros = behindZeros(bytes, 0, bytes.length);
      this.#pass(bytes.subarray(0, zeros));
      piece = bytes.subarray(zeros);
    }
    if (!this.#isTooLong && this.#rest.length + piece.length <= longestLine + 1) {
      this.#rest = Buffer.concat([this.#rest, piece]);
      return;
    }
    this.#pass(this.#rest);
    this.#pass(piece);
    this.#isTooLong = true;
    this.#rest = Buffer.alloc(0);
  }

  #pass(bytes: Buffer): void {
    this.#position += bytes.length;
    if (bytes.length > 0) this.#before = lastOf(this.#before, bytes);
  }
}

/** A copy of the last bytes of `bytes`, which come behind `before`. */
export function lastOf(before: Uint8Array, bytes: Uint8Array): Buffer {
  if (bytes.length >= longestBefore) return Buffer.from(bytes.subarray(-longestBefore));
  return Buffer.concat([before.subarray(-(longestBefore - bytes.length)), bytes]);
}

/** Where the zeros end that `bytes` has from `start` on. */
export function behindZeros(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === 0) at += 1;
  return at;
}

/** Splits a stream of bytes into lines without copying them. */

const lineFeed = 0x0a;

/** Bytes. Longer lines are skipped. Nothing that Apache writes on its own comes close. */
export const maxLineBytes = 64 * 1024;
/** The number of bytes before the position that are kept. */
export const maxBytesBefore = 4096;

/** Receives a line: the bytes from `start` to `end`, without its line ending. They are valid only during the call. */
export type LineVisitor = (bytes: Buffer, start: number, end: number) => void;

/**
 * Splits a stream into lines. Zeros at the beginning of a line are skipped: if a log is truncated while the server
 * writes at its old position, the log begins with as many zeros as it had bytes.
 */
export class LineSplitter {
  readonly #visit: LineVisitor;
  readonly #visitTooLong: () => void;
  /** The beginning of an incomplete line. */
  #rest: Buffer = Buffer.alloc(0);
  #isTooLong = false;
  #position: number;
  #before: Buffer = Buffer.alloc(0);

  /** Calls `visit` for each complete line. `position` is the position at which the stream begins. */
  constructor(position: number, visit: LineVisitor, visitTooLong: () => void) {
    this.#position = position;
    this.#visit = visit;
    this.#visitTooLong = visitTooLong;
  }

  /** The position in the stream where the incomplete line begins. */
  get position(): number {
    return this.#position;
  }

  /** The bytes before the position that were in the stream; at most the last `maxBytesBefore`. */
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

  /** Returns the incomplete last line. If it is too long already, it is reported. */
  end(): Buffer {
    if (this.#isTooLong) this.#visitTooLong();
    return this.#rest;
  }

  #whole(bytes: Buffer, begin: number, end: number): void {
    const start = bytes[begin] === 0 ? behindZeros(bytes, begin, end) : begin;
    if (end - start > maxLineBytes) this.#visitTooLong();
    else this.#visit(bytes, start, end);
  }

  /** Keeps the beginning of a line, up to the limit. Bytes of a longer line count as read at once. */
  #keep(bytes: Buffer): void {
    let piece = bytes;
    if (this.#rest.length === 0 && !this.#isTooLong && bytes[0] === 0) {
      const zeros = behindZeros(bytes, 0, bytes.length);
      this.#pass(bytes.subarray(0, zeros));
      piece = bytes.subarray(zeros);
    }
    if (!this.#isTooLong && this.#rest.length + piece.length <= maxLineBytes + 1) {
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

/** Returns a copy of the last `maxBytesBefore` bytes of `before` and `bytes` together. */
export function lastOf(before: Uint8Array, bytes: Uint8Array): Buffer {
  if (bytes.length >= maxBytesBefore) return Buffer.from(bytes.subarray(-maxBytesBefore));
  return Buffer.concat([before.subarray(-(maxBytesBefore - bytes.length)), bytes]);
}

/** Returns the end of the zeros in `bytes` that begin at `start`. */
export function behindZeros(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === 0) at += 1;
  return at;
}

/** Cuts a stream of bytes into lines, without copying them. */

const lineFeed = 0x0a;

/** Longer lines are passed over: nothing that Apache writes on its own comes near. */
export const longestLine = 64 * 1024;

/** Gets a line: the bytes from `start` to `end`, without its end of line. They are valid during the call only. */
export type LineVisitor = (bytes: Buffer, start: number, end: number) => void;

export class LineSplitter {
  readonly #visit: LineVisitor;
  readonly #visitTooLong: () => void;
  /** The beginning of a line whose end has not come yet. */
  #rest: Buffer = Buffer.alloc(0);
  #isTooLong = false;
  #position: number;

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

  push(chunk: Buffer): void {
    let start = 0;
    if (this.#rest.length > 0 || this.#isTooLong) {
      start = chunk.indexOf(lineFeed) + 1;
      if (start === 0) {
        this.#keep(chunk);
        return;
      }
      this.#keep(chunk.subarray(0, start));
      this.#position += this.#isTooLong ? 0 : this.#rest.length;
      if (this.#isTooLong) this.#visitTooLong();
      else this.#whole(this.#rest, 0, this.#rest.length - 1);
      this.#isTooLong = false;
      this.#rest = Buffer.alloc(0);
    }
    for (let end = chunk.indexOf(lineFeed, start); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      this.#whole(chunk, start, end);
      this.#position += end + 1 - start;
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** The last line, when nothing ended it. */
  end(): Buffer {
    return this.#rest;
  }

  #whole(bytes: Buffer, start: number, end: number): void {
    if (end - start > longestLine) this.#visitTooLong();
    else this.#visit(bytes, start, end);
  }

  /** What is kept of a line never exceeds the longest one; the bytes of a longer one count as read at once. */
  #keep(piece: Buffer): void {
    if (!this.#isTooLong && this.#rest.length + piece.length <= longestLine + 1) {
      this.#rest = Buffer.concat([this.#rest, piece]);
      return;
    }
    this.#position += piece.length + this.#rest.length;
    this.#isTooLong = true;
    this.#rest = Buffer.alloc(0);
  }
}

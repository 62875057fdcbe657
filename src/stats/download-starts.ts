/**
 * Tells the start of a download from its continuation. A client that resumes, or fetches a file in several pieces at a
 * time, leaves one line with status 206 per piece, and a log in the format `combined` does not say which bytes they
 * hold. So a piece counts when the same client was sent nothing of the same file in the ten minutes before: then
 * something begins; every other one continues what was counted already.
 */

const patienceSeconds = 600;

/** Remembers so many pairs of client and file, the latest of those that share a place; no more for a longer log. */
const places = 1 << 18;
/** Of each place: what tells the pair from others that belong there, and the time. */
const width = 2;

export class DownloadStarts {
  readonly #table = new Int32Array(places * width);
  #latest = 0;

  /** Goes on from what {@link recent} gave; undefined for nothing. */
  constructor(recent: Int32Array | undefined) {
    for (let at = 0; recent !== undefined && at + 2 < recent.length; at += 3) {
      const [place = 0, pair = 0, seconds = 0] = recent.subarray(at, at + 3);
      this.#table.set([pair, seconds], (place & (places - 1)) * width);
      this.#latest = Math.max(this.#latest, seconds);
    }
  }

  /** Takes note that `client` was sent something of `file`, which are hashes, at `seconds`. True when that begins a download. */
  begins(client: number, file: number, seconds: number): boolean {
    const table = this.#table;
    const mixed = Math.imul(client ^ Math.imul(file, 0x9e3779b1), 0x85ebca6b);
    const at = ((mixed ^ (mixed >>> 13)) & (places - 1)) * width;
    const pair = Math.imul(client, 0xc2b2ae35) ^ file;
    const continues = table[at] === pair && isWithinPatience(seconds, table[at + 1] as number);
    if (seconds > this.#latest) this.#latest = seconds;
    table[at] = pair;
    table[at + 1] = seconds;
    return !continues;
  }

  /** What may still be continued: three numbers each, which tell neither client nor file. */
  recent(): Int32Array<ArrayBuffer> {
    const table = this.#table;
    const recent: number[] = [];
    for (let at = 0; at < table.length; at += width) {
      const seconds = table[at + 1] as number;
      if (seconds !== 0 && isWithinPatience(this.#latest, seconds))
        recent.push(at / width, table[at] as number, seconds);
    }
    return Int32Array.from(recent);
  }
}

/** In 32 bits, as the table; differences come out right beyond 2038 too. */
function isWithinPatience(seconds: number, other: number): boolean {
  return Math.abs((seconds - other) | 0) <= patienceSeconds;
}

/**
 * Tells downloads from the lines that belong to one that was counted already. A client that resumes, fetches a file in
 * several pieces at a time, or looks at the end of a wheel before it fetches it, leaves one line per request, those for
 * pieces with status 206, and a log in the format `combined` does not say which bytes they hold. So within ten minutes
 * after the line before, of one client and one file:
 *
 *   a part counts when there is no line before it: something begins, which every other part continues
 *   a whole file counts, but for the first one after a part that counted: that was its beginning
 *
 * So several who share what is known of a client are as many downloads as whole files were sent.
 */

const patienceSeconds = 600;

/** Remembers so many pairs of client and file, the latest of those that share a place; no more for a longer log. */
const places = 1 << 18;
/** Of each place: what tells the pair from others that belong there, with `partCounted` in its last bit, and the time. */
const width = 2;
/** A part was counted, and no whole file was sent yet. */
const partCounted = 1;

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

  /**
   * Takes note that `client` was sent `file`, or a part of it, at `seconds`; both are hashes. True when that is a
   * download that was not counted yet.
   */
  begins(client: number, file: number, seconds: number, isPart: boolean): boolean {
    const table = this.#table;
    const mixed = Math.imul(client ^ Math.imul(file, 0x9e3779b1), 0x85ebca6b);
    const at = ((mixed ^ (mixed >>> 13)) & (places - 1)) * width;
    const pair = (Math.imul(client, 0xc2b2ae35) ^ file) & ~partCounted;
    const known = table[at] as number;
    const continues = (known & ~partCounted) === pair && isWithinPatience(seconds, table[at + 1] as number);
    const hasPart = continues && (known & partCounted) !== 0;
    if (seconds > this.#latest) this.#latest = seconds;
    table[at] = isPart && (hasPart || !continues) ? pair | partCounted : pair;
    table[at + 1] = seconds;
    return isPart ? !continues : !hasPart;
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

/**
 * Distinguishes new downloads from lines that belong to a download that was counted already. A client that resumes,
 * fetches a file in several parts at a time, or reads the end of a wheel before it fetches it, leaves one line per
 * request. Lines for parts have status 206, and a log in the format `combined` does not tell which bytes they hold.
 * Therefore, for one client and one file, within ten minutes after the line before:
 *
 *     a part counts if there is no line before it: it begins a download, which every other part continues
 *     a whole file counts, except the first one after a part that counted: that part was its beginning
 *
 * For several clients that look the same, as many downloads are counted as whole files were sent.
 */

const maxGapSeconds = 600;

/**
 * Number of slots. A slot remembers the latest pair of client and file that belongs there, so a longer log needs no
 * more memory.
 */
const slotCount = 1 << 18;
/**
 * Numbers per slot: a hash that distinguishes the pair from others of the slot, with `partCounted` in its last bit, and
 * the time.
 */
const width = 2;
/** Flag: a part was counted, and no whole file was sent yet. */
const partCounted = 1;

export class DownloadStarts {
  readonly #table = new Int32Array(slotCount * width);
  #latest = 0;

  /** Continues from the result of {@link recent}, or starts empty if `recent` is undefined. */
  constructor(recent: Int32Array | undefined) {
    for (let at = 0; recent !== undefined && at + 2 < recent.length; at += 3) {
      const [slot = 0, pair = 0, seconds = 0] = recent.subarray(at, at + 3);
      this.#table.set([pair, seconds], (slot & (slotCount - 1)) * width);
      this.#latest = Math.max(this.#latest, seconds);
    }
  }

  /**
   * Records that `client` was sent `file`, or a part of it, at `seconds`. Client and file are hashes. Returns true if
   * that is a download that was not counted yet.
   */
  begins(client: number, file: number, seconds: number, isPart: boolean): boolean {
    const table = this.#table;
    const mixed = Math.imul(client ^ Math.imul(file, 0x9e3779b1), 0x85ebca6b);
    const at = ((mixed ^ (mixed >>> 13)) & (slotCount - 1)) * width;
    const pair = (Math.imul(client, 0xc2b2ae35) ^ file) & ~partCounted;
    const known = table[at] as number;
    const continues = (known & ~partCounted) === pair && isWithinGap(seconds, table[at + 1] as number);
    const hasPart = continues && (known & partCounted) !== 0;
    if (seconds > this.#latest) this.#latest = seconds;
    table[at] = isPart && (hasPart || !continues) ? pair | partCounted : pair;
    table[at + 1] = seconds;
    return isPart ? !continues : !hasPart;
  }

  /** Returns the entries that may still be continued, as three numbers each. They reveal neither client nor file. */
  recent(): Int32Array<ArrayBuffer> {
    const table = this.#table;
    const recent: number[] = [];
    for (let at = 0; at < table.length; at += width) {
      const seconds = table[at + 1] as number;
      if (seconds !== 0 && isWithinGap(this.#latest, seconds)) recent.push(at / width, table[at] as number, seconds);
    }
    return Int32Array.from(recent);
  }
}

/** Compares in 32 bits, like the table. Differences are right even beyond 2038. */
function isWithinGap(seconds: number, other: number): boolean {
  return Math.abs((seconds - other) | 0) <= maxGapSeconds;
}

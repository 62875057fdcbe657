/**
 * Tells the start of a download from its continuation. A client that resumes, or fetches a file in several pieces at a
 * time, leaves one line with status 206 per piece, and a log in the format `combined` does not say which bytes they
 * hold. So a piece counts when the same client was sent nothing of the same file in the ten minutes before: then
 * something begins; every other one continues what was counted already.
 */

const patienceSeconds = 600;

/** Remembers so many pairs of client and file, the latest of those that share a place; no more for a longer log. */
const places = 1 << 18;
/** Of each place: client, file, and the time; three words, and one that keeps places within cache lines. */
const width = 4;

export class DownloadStarts {
  readonly #table = new Int32Array(places * width);

  /** Takes note that `client` was sent something of `file` at `seconds`. True when that begins a download. */
  begins(client: number, file: number, seconds: number): boolean {
    const table = this.#table;
    const mixed = Math.imul(client ^ Math.imul(file, 0x9e3779b1), 0x85ebca6b);
    const at = ((mixed ^ (mixed >>> 13)) & (places - 1)) * width;
    const continues =
      table[at] === client &&
      table[at + 1] === file &&
      Math.abs((seconds - (table[at + 2] as number)) | 0) <= patienceSeconds;
    table[at] = client;
    table[at + 1] = file;
    // In 32 bits, as everything here; differences come out right beyond 2038 too.
    table[at + 2] = seconds;
    return !continues;
  }
}

/** The files sent to clients, as rows of numbers. There may be a million rows, and they are sent between threads. */

/** The columns of a row. */
export const sentRow = {
  /** Seconds since 1970. */
  seconds: 0,
  /** A hash of the text that identifies the client. */
  client: 1,
  path: 2,
  agent: 3,
  /** Bytes sent. */
  size: 4,
  /** 1 if a part of the file was requested, else 0. */
  isPart: 5,
  width: 6,
} as const;

/** Collects rows. */
export class SentFiles {
  #rows = new Float64Array(1024 * sentRow.width);
  #length = 0;

  add(seconds: number, client: number, path: number, agent: number, size: number, isPart: boolean): void {
    if (this.#length === this.#rows.length) this.#grow();
    const rows = this.#rows;
    const at = this.#length;
    rows[at + sentRow.seconds] = seconds;
    rows[at + sentRow.client] = client;
    rows[at + sentRow.path] = path;
    rows[at + sentRow.agent] = agent;
    rows[at + sentRow.size] = size;
    rows[at + sentRow.isPart] = isPart ? 1 : 0;
    this.#length = at + sentRow.width;
  }

  /** Returns the rows since the last call, concatenated. */
  take(): Float64Array<ArrayBuffer> {
    const rows = this.#rows.slice(0, this.#length);
    this.#length = 0;
    return rows;
  }

  #grow(): void {
    const larger = new Float64Array(this.#rows.length * 2);
    larger.set(this.#rows);
    this.#rows = larger;
  }
}

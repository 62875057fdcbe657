/** Counts the lines that do not record a sent file. */
import type { LineKind } from './access-log.ts';

/** The kind of such a line. `no-file`: a file beside the distributions was sent. `too-long`: the line was not read. */
export type OtherKind = Exclude<LineKind, 'file' | 'part'> | 'no-file' | 'too-long';

/** The number of such lines on one day. */
export interface LineCounts {
  /** Days since 1970 in UTC; undefined for lines without a time. */
  readonly day: number | undefined;
  readonly counts: Record<OtherKind, number>;
}

/** Counts lines by day and kind. */
export class OtherLines {
  #days = new Map<number | undefined, LineCounts>();
  /** The counts of the last day, because the next line is nearly always of the same day. */
  #latest: LineCounts | undefined;

  see(day: number | undefined, kind: OtherKind): void {
    if (this.#latest === undefined || this.#latest.day !== day) this.#latest = this.#of(day);
    this.#latest.counts[kind] += 1;
  }

  /** Returns the counts since the last call. */
  take(): LineCounts[] {
    const taken = [...this.#days.values()];
    this.#days = new Map();
    this.#latest = undefined;
    return taken;
  }

  #of(day: number | undefined): LineCounts {
    const known = this.#days.get(day);
    if (known !== undefined) return known;
    const counts = { method: 0, status: 0, address: 0, unreadable: 0, 'no-file': 0, 'too-long': 0 };
    const made = { day, counts };
    this.#days.set(day, made);
    return made;
  }
}

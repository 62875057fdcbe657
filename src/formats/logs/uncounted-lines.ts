/** How many lines there were that say nothing of a file that was sent. */
import type { LineKind } from './access-log.ts';

/** What such a line is. `no-file`: what was sent lies beside the files; `too-long`: nobody knows. */
export type OtherKind = Exclude<LineKind, 'file' | 'part'> | 'no-file' | 'too-long';

/** The lines of a day. */
export interface LineCounts {
  /** Days since 1970, in UTC; undefined for lines that tell no time. */
  readonly day: number | undefined;
  readonly counts: Record<OtherKind, number>;
}

/** Counts them. */
export class OtherLines {
  #days = new Map<number | undefined, LineCounts>();
  /** Of the day that was seen last: the next line is nearly always of the same one. */
  #latest: LineCounts | undefined;

  see(day: number | undefined, kind: OtherKind): void {
    if (this.#latest === undefined || this.#latest.day !== day) this.#latest = this.#of(day);
    this.#latest.counts[kind] += 1;
  }

  /** The counts since the last time. */
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

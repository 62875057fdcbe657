/** What one day of a log amounts to, until it goes to the database. */
import { PairCounts } from '../core/pair-counts.ts';

export interface Fate {
  count: number;
  bytes: number;
}

export class DayCounter {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly isClosed: boolean;
  /** How often which file went to which agent. */
  readonly pairs = new PairCounts();
  /** How often anything went to which client, by its number. */
  readonly clients: number[] = [];
  /** The lines by what became of them, and the bytes that were sent. */
  readonly fates = new Map<string, Fate>();

  constructor(day: string, isClosed: boolean) {
    this.day = day;
    this.isClosed = isClosed;
  }

  get isEmpty(): boolean {
    return this.fates.size === 0;
  }

  /** Takes note of one line. */
  see(fate: string, bytes: number): void {
    const known = this.fates.get(fate);
    if (known === undefined) this.fates.set(fate, { count: 1, bytes });
    else {
      known.count += 1;
      known.bytes += bytes;
    }
  }

  /** Counts a download. */
  add(file: number, agent: number, client: number): void {
    this.pairs.add(file, agent);
    while (this.clients.length <= client) this.clients.push(0);
    this.clients[client] = (this.clients[client] as number) + 1;
  }

  clear(): void {
    this.fates.clear();
  }
}

/** What one day of a log amounts to, until it goes to the database. */
import { PairCounts } from '../core/pair-counts.ts';

/** Lines of which the same became, and the bytes that were sent. */
export interface LineTotals {
  count: number;
  bytes: number;
}

export class DayCounter {
  /** `YYYY-MM-DD`; empty for lines that tell no time. */
  readonly day: string;
  readonly isClosed: boolean;
  /** How often which file went to which agent. */
  readonly pairs = new PairCounts();
  /** How often anything went to which client, by its number. */
  readonly clients: number[] = [];
  /** The downloads. */
  readonly counted: LineTotals = { count: 0, bytes: 0 };
  /** The other lines by what became of them. */
  readonly lineTotals = new Map<string, LineTotals>();

  constructor(day: string, isClosed: boolean) {
    this.day = day;
    this.isClosed = isClosed;
  }

  /** Takes note of lines. */
  addLines(name: string, count: number, bytes: number): void {
    let fate = this.lineTotals.get(name);
    if (fate === undefined) {
      fate = { count: 0, bytes: 0 };
      this.lineTotals.set(name, fate);
    }
    fate.count += count;
    fate.bytes += bytes;
  }

  /** Counts a download. */
  add(file: number, agent: number, client: number, bytes: number): void {
    this.counted.count += 1;
    this.counted.bytes += bytes;
    this.pairs.add(file, agent);
    while (this.clients.length <= client) this.clients.push(0);
    this.clients[client] = (this.clients[client] as number) + 1;
  }
}

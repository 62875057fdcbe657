/** Counts the lines of one day until they go to the database. */
import { PairCounts } from '../core/pair-counts.ts';

/** Number of lines with the same outcome, and the bytes that were sent for them. */
export interface LineTotals {
  count: number;
  bytes: number;
}

export class DayCounter {
  /** `YYYY-MM-DD`. Empty for lines without a time. */
  readonly day: string;
  readonly isClosed: boolean;
  /** Number of downloads by file and agent. */
  readonly pairs = new PairCounts();
  /** Number of downloads by client, at the index of the client's number. */
  readonly clients: number[] = [];
  /** The downloads. */
  readonly counted: LineTotals = { count: 0, bytes: 0 };
  /** The other lines by their outcome. */
  readonly lineTotals = new Map<string, LineTotals>();

  constructor(day: string, isClosed: boolean) {
    this.day = day;
    this.isClosed = isClosed;
  }

  /** Counts lines with the outcome `name`. */
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

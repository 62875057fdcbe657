/**
 * The port to the counts from access logs. Every method is one short transaction, because a sync run may be at work on
 * the same database. All methods throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { Downloads } from '../formats/logs/local-stats.ts';

/** A log that was read before, perhaps under another name. */
export interface KnownLog {
  readonly id: number;
  /** The name of the log before it is rotated. */
  readonly series: string;
  /** Number of bytes read, uncompressed. */
  readonly position: number;
  /** Time of the latest line read, in seconds since 1970. */
  readonly latest: number;
  /** The number and hash of the last bytes before the position. Undefined if an older version read the log. */
  readonly before: { readonly bytes: number; readonly sha256: string } | undefined;
}

/** The position in a log, with the bytes that identify the log: its first ones and those before the position. */
export interface LogProgress extends Omit<KnownLog, 'id' | 'before'> {
  readonly id: number | undefined;
  readonly head: Buffer;
  /** The last bytes before the position; undefined if they are unchanged. */
  readonly before?: Uint8Array | undefined;
}

/** The kind of a sum: `line` counts lines by their result; the others count downloads by that property. */
export type SumKind = 'line' | 'python' | 'system' | 'project' | 'file' | 'installer';

export interface Sum {
  readonly kind: SumKind;
  readonly name: string;
  readonly count: number;
  readonly bytes: number;
}

/** The number of downloads of each file by each agent. */
export interface DownloadTable {
  readonly files: readonly (readonly [project: string, filename: string])[];
  readonly agents: readonly string[];
  /** Three numbers for each pair that occurred: index of the file, index of the agent, number of downloads. */
  readonly counts: Int32Array<ArrayBuffer>;
}

/** The counts of one day. */
export interface DayCounts {
  /** `YYYY-MM-DD`; empty for lines without a time. */
  readonly day: string;
  readonly downloads: DownloadTable;
  readonly sums: readonly Sum[];
}

/** A day that was seen in a log. */
export interface KnownDay {
  readonly day: string;
  readonly published: boolean;
  /** True if downloads were counted since the day was last published, or at all if it never was. */
  readonly changed: boolean;
  /** True if the day was published and its downloads forgotten, so that nothing more can be counted. */
  readonly closed: boolean;
}

export interface StatsStore {
  /** Returns the last remembered downloads that may be continued; undefined for none. */
  starts(): Int32Array | undefined;
  /** Returns the project that holds the file at `path` below `web/`, or the first candidate with such a filename. */
  holderOf(path: string, filename: string, candidates: readonly ProjectName[]): ProjectName | undefined;
  /** Returns the logs that begin with the bytes of `head`: longer known beginnings first, then those read farther. */
  knownLogs(head: Buffer): KnownLog[];
  /** Returns the log of a series with the latest line. */
  latestLog(series: string): KnownLog | undefined;
  /**
   * Remembers the position in a log, the counts up to there, and the downloads that may be continued. Iterates `days`
   * within the transaction. Returns the log's id.
   */
  count(log: LogProgress, days: Iterable<DayCounts>, starts: Int32Array<ArrayBuffer>): number;
  /** Returns all days, the oldest first. */
  days(): KnownDay[];
  /** Returns the downloads of a day in the order of `byFile`. */
  downloads(day: string): Iterable<Downloads>;
  /** Marks a day as published, and replaces the sums of its most downloaded projects, files and installers. */
  published(day: string, most: readonly Sum[]): void;
  /** Closes published days before `before` by forgetting their downloads, and forgets sums before `sumsBefore`. */
  forget(before: string, sumsBefore: string): void;
  /** Returns the sums of all days by day and kind, the highest counts first. */
  sums(): Iterable<Sum & { readonly day: string }>;
  /** Returns the count of one name on each day from `since` on, by day. */
  countsOf(kind: SumKind, name: string, since: string): ReadonlyMap<string, number>;
  close(): void;
}

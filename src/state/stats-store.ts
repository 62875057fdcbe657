/**
 * The port to what is remembered of access logs. Every method is one transaction, and short: a sync run may be at work
 * on the same database. All methods throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { Downloads } from '../formats/logs/local-stats.ts';

/** A log that was read before, under whichever name. */
export interface KnownLog {
  readonly id: number;
  /** What the log is called before it is rotated. */
  readonly series: string;
  /** How many bytes of it were read, uncompressed. */
  readonly position: number;
  /** Seconds since 1970: the latest line that was read. */
  readonly latest: number;
  /** The bytes before the position: how many, and their hash. Undefined where an older version read the log. */
  readonly before: { readonly bytes: number; readonly sha256: string } | undefined;
}

/** A log as it is now: how far it was read, and by what it is known again, its first bytes and those before the position. */
export interface LogProgress extends Omit<KnownLog, 'id' | 'before'> {
  readonly id: number | undefined;
  readonly head: Buffer;
  /** Undefined for the same as before. */
  readonly before?: Uint8Array | undefined;
}

/** What is summed up of a day: `line` by what became of it; downloads by `python`, `system`, `project`, `file`, `installer`. */
export type SumKind = 'line' | 'python' | 'system' | 'project' | 'file' | 'installer';

export interface Sum {
  readonly kind: SumKind;
  readonly name: string;
  readonly count: number;
  readonly bytes: number;
}

/** How often which file went to which agent. */
export interface DownloadTable {
  readonly files: readonly (readonly [project: string, filename: string])[];
  readonly agents: readonly string[];
  /** Three numbers for each pair that occurred: which file, which agent, how often. */
  readonly counts: Int32Array<ArrayBuffer>;
}

/** What was counted of one day. */
export interface DayCounts {
  /** `YYYY-MM-DD`; empty for lines that tell no time. */
  readonly day: string;
  readonly downloads: DownloadTable;
  readonly sums: readonly Sum[];
}

/** A day that was seen in a log. */
export interface KnownDay {
  readonly day: string;
  readonly published: boolean;
  /** Something was counted since it was published, or ever. */
  readonly changed: boolean;
  /** Published and forgotten: nothing more can be counted. */
  readonly closed: boolean;
}

export interface StatsStore {
  /** What was last remembered of begun downloads; undefined for nothing. */
  starts(): Int32Array | undefined;
  /** The project that holds the file at `path`, below `web/`; else the first of `candidates` that holds one of that name. */
  holderOf(path: string, filename: string, candidates: readonly ProjectName[]): ProjectName | undefined;
  /** The logs that began with the same bytes as `head`, those first that are known by more of them, or were read farther. */
  knownLogs(head: Buffer): KnownLog[];
  /** The log of a series that reaches farthest. */
  latestLog(series: string): KnownLog | undefined;
  /**
   * Remembers how far a log was read together with what was counted on the way, which is asked for within the
   * transaction, and with the downloads that may be continued. Returns the log's id.
   */
  count(log: LogProgress, days: Iterable<DayCounts>, starts: Int32Array<ArrayBuffer>): number;
  /** All days, the oldest first. */
  days(): KnownDay[];
  /** The downloads of a day in the order of their file: see `byFile`. */
  downloads(day: string): Iterable<Downloads>;
  /** Remembers that a day was published, and what was most downloaded on it. */
  published(day: string, most: readonly Sum[]): void;
  /** Forgets the downloads of published days before `before`, which are closed by that, and sums before `sumsBefore`. */
  forget(before: string, sumsBefore: string): void;
  /** The sums of all days by day, kind, and count, the highest first. */
  sums(): Iterable<Sum & { readonly day: string }>;
  close(): void;
}

/** The input and the result of processing logs. */
import type { Clock } from '../core/clock.ts';
import type { Bzip2 } from '../files/bzip2.ts';
import type { FileStore } from '../files/file-store.ts';
import type { LogSource } from '../files/log-source.ts';
import type { StatisticsDetails } from '../formats/logs/statistics.ts';
import type { StatsStore } from '../state/stats-store.ts';

/** Everything that is needed to process logs. */
export interface StatsJob {
  readonly logs: LogSource;
  readonly state: StatsStore;
  readonly files: FileStore;
  readonly bzip2: Bzip2;
  readonly clock: Pick<Clock, 'now'>;
  /** Returns the content of a `.bz2` file with any number of members. Throws NonsenseError. */
  unpack(file: Buffer): Promise<Buffer>;
  /** Publishes the pages of the statistics. Returns why it cannot, for people, or undefined. Throws StorageError. */
  publishPages(statistics: StatisticsDetails): Promise<string | undefined>;
}

/** The result of processing logs. */
export interface StatsResult {
  /** The days that were published, or published again because there was more. */
  readonly published: readonly string[];
  /** For people: why nothing was published, days that were left unchanged, logs that are gone. */
  readonly notices: readonly string[];
  /** Logs that could not be read, and why there are no pages, one line each. */
  readonly failures: readonly string[];
  /** The number of downloads that were counted. */
  readonly downloads: number;
}

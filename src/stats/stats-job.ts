/** What the statistics are made of and with. */
import type { Clock } from '../core/clock.ts';
import type { Bzip2 } from '../files/bzip2.ts';
import type { FileStore } from '../files/file-store.ts';
import type { LogSource } from '../files/log-source.ts';
import type { StatsStore } from '../state/stats-store.ts';

/** What processing logs needs. */
export interface StatsJob {
  readonly logs: LogSource;
  readonly state: StatsStore;
  readonly files: FileStore;
  readonly bzip2: Bzip2;
  readonly clock: Pick<Clock, 'now'>;
  /** The content of a `.bz2` file of any number of members. Throws NonsenseError. */
  unpack(file: Buffer): Promise<Buffer>;
}

/** What came of it. */
export interface StatsResult {
  /** The days that were published, or published anew because there was more. */
  readonly published: readonly string[];
  /** For people: why nothing was published, days that were left as they were, logs that are gone. */
  readonly notices: readonly string[];
  /** Logs that could not be read, one line each. */
  readonly failures: readonly string[];
}

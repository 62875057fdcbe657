/** The part of the state that remembers runs and days. All methods throw StorageError. */
import type { StoreUsage } from '../core/store-usage.ts';

/** The record of a finished run. */
export interface RunRecord {
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly exitCode: number;
  readonly summary: string;
  /** What the run did and left; absent if it died, or an earlier version recorded it. */
  readonly results?: RunResults | undefined;
}

/** What a run did, and the mirror at its end. */
export interface RunResults {
  /** The serial up to which upstream was followed. */
  readonly serial: number | undefined;
  /** Time in milliseconds at which the last complete run began. */
  readonly completedAt: number | undefined;
  /** The number of queued projects, and how many of them are parked. */
  readonly queued: number;
  readonly parked: number;
  /** The numbers of projects that were published and removed. */
  readonly published: number;
  readonly removed: number;
  /** The number of files that were fetched, and their size. */
  readonly files: number;
  readonly bytes: number;
  /** What was asked of the object store; absent if there is none. */
  readonly store?: StoreUsage | undefined;
}

/** A day: what was held at its end, and what its runs did. */
export interface DayRecord {
  /** Time in milliseconds at which the day began, in UTC. */
  readonly day: number;
  readonly projects: number;
  readonly files: number;
  readonly bytes: number;
  readonly runs: number;
  /** The number of runs that did not end with exit code 0. */
  readonly failedRuns: number;
  readonly published: number;
  readonly removed: number;
  readonly fetchedFiles: number;
  readonly fetchedBytes: number;
  /** What was asked of the object store; absent if there is none. */
  readonly store?: StoreUsage | undefined;
}

/**
 * Returns the latest beginning of a complete run before `now`, as far as the runs know it; all in milliseconds. The
 * clock was wrong when a later one was recorded, and it is not known how old what the mirror shows really is: not
 * younger than that, if nothing else was complete since.
 */
export function completedBefore(runs: readonly RunRecord[], now: number): number | undefined {
  const times = runs.flatMap(({ results }) => results?.completedAt ?? []).filter((time) => time <= now);
  return times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b));
}

/** The last thousand runs, and all days. */
export interface RunHistory {
  /** Records a run, and with it the day on which it ended. */
  record(run: RunRecord): void;
  /**
   * Records what is held now, for the day of `now` (milliseconds), while a long run is at work. `store` is what was
   * asked of the object store by a run that is not recorded, and is added to the day.
   */
  recordDay(now: number, store?: StoreUsage): void;
  /** Returns the last runs, the latest first. */
  latest(limit: number): RunRecord[];
  /** Returns the last days up to that of `now` (milliseconds) that have a record, the oldest first. */
  days(now: number, limit: number): DayRecord[];
}

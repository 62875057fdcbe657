/** The part of the state that remembers runs. Both methods throw StorageError. */

/** The record of a finished run. */
export interface RunRecord {
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly exitCode: number;
  readonly summary: string;
}

/** The last thousand runs. */
export interface RunHistory {
  record(run: RunRecord): void;
  /** Returns the last runs, the latest first. */
  latest(limit: number): RunRecord[];
}

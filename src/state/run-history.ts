/** The part of the state that remembers runs. Both methods throw StorageError. */

/** What a run did, kept as history. */
export interface RunRecord {
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly exitCode: number;
  readonly summary: string;
}

/** The last thousand runs. */
export interface RunHistory {
  record(run: RunRecord): void;
  /** The last runs, the latest first. */
  latest(limit: number): RunRecord[];
}

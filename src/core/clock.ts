/** The port to time and chance: everything below `src/cli/` gets both handed in. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Resolves after `ms`, or rejects with a PausedError as soon as `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Evenly distributed in [0, 1). */
  random(): number;
}

/** The port to time and randomness. Everything below `src/cli/` receives both as a parameter. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Resolves after `ms`, or rejects with a PausedError as soon as `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Uniformly distributed in [0, 1). */
  random(): number;
}

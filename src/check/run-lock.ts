/**
 * Takes the lock of sync runs for short moments only, because a check takes days and runs start every quarter of an
 * hour.
 */
import type { Clock } from '../core/clock.ts';
import type { CheckReport } from './check-event.ts';

/** The same as in 1.5. */
const waitMs = 10_000;
const waits = 10;

/** Takes the lock if it is free, and returns a function that releases it, else undefined. */
export type TakeLock = () => (() => void) | undefined;

export class RunLock {
  readonly #take: TakeLock;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #report: CheckReport;
  /** False after a wait in vain. Then `take` does not wait again until the run has ended. */
  #mayWait = true;

  constructor(take: TakeLock, clock: Clock, signal: AbortSignal, report: CheckReport) {
    this.#take = take;
    this.#clock = clock;
    this.#signal = signal;
    this.#report = report;
  }

  /** Takes the lock at once. Returns the release function, or undefined if a run holds the lock. */
  tryTake(): (() => void) | undefined {
    const release = this.#take();
    if (release !== undefined) this.#mayWait = true;
    return release;
  }

  /**
   * Takes the lock, waiting for a while if necessary. Resolves with the release function, or undefined if a run still
   * holds the lock. Throws PausedError.
   */
  async take(): Promise<(() => void) | undefined> {
    let release = this.tryTake();
    for (let wait = 0; release === undefined && this.#mayWait && wait < waits; wait += 1) {
      this.#report({ type: 'waiting' });
      await this.#clock.sleep(waitMs, this.#signal);
      release = this.tryTake();
    }
    this.#mayWait = release !== undefined;
    return release;
  }
}

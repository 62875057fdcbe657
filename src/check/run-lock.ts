/**
 * The lock of sync runs, as a check needs it: for moments only, because a check takes days and runs come every quarter
 * of an hour.
 */
import type { Clock } from '../core/clock.ts';
import type { CheckReport } from './check-event.ts';

/** As 1.5 did. */
const waitMs = 10_000;
const waits = 10;

/** Takes the lock if it is free, and returns how to give it back. */
export type TakeLock = () => (() => void) | undefined;

export class RunLock {
  readonly #take: TakeLock;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #report: CheckReport;
  /** Who waited in vain does not wait again until the run has ended. */
  #isPatient = true;

  constructor(take: TakeLock, clock: Clock, signal: AbortSignal, report: CheckReport) {
    this.#take = take;
    this.#clock = clock;
    this.#signal = signal;
    this.#report = report;
  }

  /** Takes the lock at once; undefined when a run is at work. */
  tryTake(): (() => void) | undefined {
    const release = this.#take();
    if (release !== undefined) this.#isPatient = true;
    return release;
  }

  /** Takes the lock, if need be after a while; undefined when a run is still at work then. Throws PausedError. */
  async take(): Promise<(() => void) | undefined> {
    let release = this.tryTake();
    for (let wait = 0; release === undefined && this.#isPatient && wait < waits; wait += 1) {
      this.#report({ type: 'waiting' });
      await this.#clock.sleep(waitMs, this.#signal);
      release = this.tryTake();
    }
    this.#isPatient = release !== undefined;
    return release;
  }
}

/**
 * Pauses a check regularly. Most of a check never waits for anything, so signals, timers and the display would have to
 * wait for its end. Pauses are as short and rare as people do not notice.
 */
import type { Clock } from '../core/clock.ts';
import { throwIfPaused } from '../core/errors.ts';

const defaultBusyMs = 50;

export class Yielder {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #maxBusyMs: number;
  #restedMs: number;

  /** Pauses after `maxBusyMs` milliseconds. */
  constructor(clock: Clock, signal: AbortSignal, maxBusyMs = defaultBusyMs) {
    this.#clock = clock;
    this.#signal = signal;
    this.#maxBusyMs = maxBusyMs;
    this.#restedMs = clock.now();
  }

  /** Pauses if it is time. Throws PausedError if the check was asked to stop. */
  async yieldIfDue(): Promise<void> {
    throwIfPaused(this.#signal);
    if (this.#clock.now() - this.#restedMs < this.#maxBusyMs) return;
    await this.#clock.sleep(0, this.#signal);
    this.#restedMs = this.#clock.now();
  }
}

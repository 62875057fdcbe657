/**
 * Pauses a check regularly. Most of a check never waits for anything, so signals, timers and the display would have to
 * wait for its end. Pauses are as short and rare as people do not notice.
 */
import type { Clock } from '../core/clock.ts';
import { throwIfPaused } from '../core/errors.ts';

const maxBusyMs = 50;

export class Yielder {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #restedMs: number;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#restedMs = clock.now();
  }

  /** Pauses if it is time. Throws PausedError if the check was asked to stop. */
  async yieldIfDue(): Promise<void> {
    throwIfPaused(this.#signal);
    if (this.#clock.now() - this.#restedMs < maxBusyMs) return;
    await this.#clock.sleep(0, this.#signal);
    this.#restedMs = this.#clock.now();
  }
}

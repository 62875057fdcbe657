/**
 * Most of a check never waits for anything, so that signals, timers and the display would have to wait for its end.
 * It rests for a moment instead, as often as a person does not notice.
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

  /** Rests if it is time. Throws PausedError when the check was asked to stop. */
  async yieldIfDue(): Promise<void> {
    throwIfPaused(this.#signal);
    if (this.#clock.now() - this.#restedMs < maxBusyMs) return;
    await this.#clock.sleep(0, this.#signal);
    this.#restedMs = this.#clock.now();
  }
}

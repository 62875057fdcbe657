/** Limits the bytes a second that all connections of a run take together. */
import type { Clock } from './clock.ts';

/** Milliseconds by which the bytes may be ahead of the rate, so that small answers do not wait. */
const burstMs = 200;

export class Throttle {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  #seenMs = 0;
  /** The time in milliseconds at which all bytes so far would have arrived at the rate. */
  #arrivedAt = 0;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
  }

  /**
   * Records that `bytes` have arrived. Returns the milliseconds for which their connection has to rest; 0 for none.
   * With no bytes it tells whether a request has to wait.
   */
  take(bytes: number): number {
    const now = this.#clock.now();
    // A clock that is set back must not make the rest longer.
    if (now < this.#seenMs) this.#arrivedAt -= this.#seenMs - now;
    this.#seenMs = now;
    this.#arrivedAt = Math.max(this.#arrivedAt, now) + bytes / this.#bytesPerMs;
    return Math.max(0, Math.ceil(this.#arrivedAt - now - burstMs));
  }
}

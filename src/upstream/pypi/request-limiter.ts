/**
 * The one limit that all requests of a run share.
 *
 * At most `limit` requests are under way. When upstream asks us to slow down (429, 503, Retry-After), every request
 * waits until the time it named, and the number at a time is halved; it grows back by one with each fifty answers.
 * When a hundred requests in a row got no answer, upstream is down and no more are sent.
 *
 * Requests that begin something (`beginning`) wait behind those that go on with what was begun: otherwise all pages
 * would be fetched before the first file, and everything would be flushed in the same moment.
 */
import type { Clock } from '../../core/clock.ts';
import { UnreachableError } from '../../core/errors.ts';
import { longestWaitMs } from '../../core/retry.ts';

const answersPerStep = 50;
/** Hundreds of projects are under way, each of which would ask five times to find out. */
const failuresInARow = 100;
const silence = `upstream left ${failuresInARow} requests in a row without an answer; the next run continues`;

export class RequestLimiter {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  readonly #beginners: (() => void)[] = [];
  #limit: number;
  #underWay = 0;
  #answers = 0;
  #notBefore = 0;
  /** The latest time that the clock was seen to show while a pause was in force. */
  #seen = 0;
  #failures = 0;

  constructor(limit: number, clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#most = limit;
    this.#limit = limit;
  }

  /** Calls `ask` as soon as a place is free and no pause is in force. Throws PausedError when the run is to stop. */
  async run<T>(ask: () => Promise<T>, beginning = false): Promise<T> {
    const line = beginning ? this.#beginners : this.#waiting;
    await this.#enter(line);
    while (this.#pauseMs() > 0) {
      // Who waits for the end of a pause holds no place: fewer may be free when it ends.
      this.#leave();
      await this.#outlastPause();
      await this.#enter(line);
    }
    try {
      if (this.#failures >= failuresInARow) throw new UnreachableError(silence, { retryAfterMs: longestWaitMs + 1 });
      const answer = await ask();
      this.#failures = 0;
      this.#count();
      return answer;
    } catch (error) {
      this.#failures = error instanceof UnreachableError ? this.#failures + 1 : 0;
      throw error;
    } finally {
      this.#leave();
    }
  }

  /** Upstream asked for less: nothing is sent for `ms`, then half as much at a time. */
  slowDown(ms: number): void {
    // Those that were under way together hear the same complaint.
    const isNew = this.#pauseMs() <= 0;
    this.#seen = this.#clock.now();
    this.#notBefore = Math.max(this.#notBefore, this.#seen + ms);
    if (isNew) this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#answers = 0;
  }

  async #outlastPause(): Promise<void> {
    for (let ms = this.#pauseMs(); ms > 0; ms = this.#pauseMs()) {
      if (ms > longestWaitMs) throw new UnreachableError(this.#farewell(), { retryAfterMs: ms });
      await this.#clock.sleep(ms, this.#signal);
    }
  }

  #farewell(): string {
    return `upstream wants no request before ${new Date(this.#notBefore).toISOString()}; the next run continues`;
  }

  #pauseMs(): number {
    const now = this.#clock.now();
    // A clock that is put back does not make the pause any longer.
    if (now < this.#seen) this.#notBefore -= this.#seen - now;
    this.#seen = now;
    return this.#notBefore - now;
  }

  async #enter(line: (() => void)[]): Promise<void> {
    if (this.#underWay >= this.#limit) await new Promise<void>((resolve) => line.push(resolve));
    else this.#underWay += 1;
  }

  #leave(): void {
    if (this.#underWay <= this.#limit) {
      const next = this.#next();
      if (next !== undefined) {
        next();
        return;
      }
    }
    this.#underWay -= 1;
  }

  #count(): void {
    this.#answers += 1;
    if (this.#limit === this.#most || this.#answers < answersPerStep) return;
    this.#answers = 0;
    this.#limit += 1;
    if (this.#underWay >= this.#limit) return;
    const next = this.#next();
    if (next === undefined) return;
    this.#underWay += 1;
    next();
  }

  #next(): (() => void) | undefined {
    return this.#waiting.shift() ?? this.#beginners.shift();
  }
}

/**
 * The limit that all requests of a run share.
 *
 * At most `limit` requests are in progress. If a host wants a pause (host-health.ts), each request to it waits until
 * the time that it named, and the limit is halved. The limit grows back by one with each fifty answers. Requests to
 * other hosts go on. A host that wants too long a pause, or leaves a hundred requests in a row, about at least twenty
 * projects, without an answer, gets no more requests.
 *
 * Requests that begin something (`beginning`) wait behind those that continue what was begun. Otherwise all pages would
 * be fetched before the first file, and everything would be flushed at the same moment.
 */
import type { Clock } from '../../core/clock.ts';
import { NotAskedError, PausedError, TooBusyError, UnreachableError } from '../../core/errors.ts';
import { maxWaitMs, maxWaitPerProjectMs } from '../../core/retry.ts';
import { HostHealth, subjectOf } from './host-health.ts';

const answersPerSlot = 50;
const untilNextRun = 'the next run continues';

export class RequestLimiter {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #maxLimit: number;
  readonly #waiting: (() => void)[] = [];
  readonly #waitingToBegin: (() => void)[] = [];
  readonly #hosts = new Map<string, HostHealth>();
  /** By project, the milliseconds that hosts asked to wait in this run, in all. */
  readonly #imposedWaitsMs = new Map<string, number>();
  #limit: number;
  #inProgress = 0;
  #answers = 0;

  constructor(limit: number, clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#maxLimit = limit;
    this.#limit = limit;
  }

  /**
   * Calls `ask`, which requests `url` for the project `about`, if there is one. Waits until a slot is free and the host
   * has no pause. Throws NotAskedError if the run does not wait that long, and PausedError if it is to stop.
   */
  async run<T>(url: URL, ask: () => Promise<T>, beginning = false, about?: string): Promise<T> {
    const subject = subjectOf(url, about);
    const health = this.#healthOf(url);
    const line = beginning ? this.#waitingToBegin : this.#waiting;
    await this.#acquireSlot(line);
    while (health.pauseMs() > 0) {
      // A request that waits for the end of a pause holds no slot, because fewer may be free when it ends.
      this.#releaseSlot();
      await this.#outlastPause(url, health);
      await this.#acquireSlot(line);
    }
    try {
      if (health.isSilent) throw new NotAskedError(`${url.host} left many requests without an answer; ${untilNextRun}`);
      const answer = await ask();
      health.answered(subject);
      this.#countAnswer();
      return answer;
    } catch (error) {
      if (error instanceof NotAskedError || error instanceof PausedError) throw error;
      if (!(error instanceof UnreachableError)) health.answered(subject);
      else if (health.failed(subject, error)) this.#slowDown();
      throw this.#isTooBusy(error, about) ? new TooBusyError(error.message, error) : error;
    } finally {
      this.#releaseSlot();
    }
  }

  #isTooBusy(error: unknown, about: string | undefined): error is UnreachableError {
    if (about === undefined || !(error instanceof UnreachableError) || error.retryAfterMs === undefined) return false;
    const imposedMs = (this.#imposedWaitsMs.get(about) ?? 0) + error.retryAfterMs;
    this.#imposedWaitsMs.set(about, imposedMs);
    return imposedMs > maxWaitPerProjectMs;
  }

  #healthOf({ host }: URL): HostHealth {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    const health = new HostHealth(this.#clock);
    this.#hosts.set(host, health);
    return health;
  }

  #slowDown(): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#answers = 0;
  }

  async #outlastPause({ host }: URL, health: HostHealth): Promise<void> {
    for (let ms = health.pauseMs(); ms > 0; ms = health.pauseMs()) {
      if (ms > maxWaitMs) {
        const time = new Date(this.#clock.now() + ms).toISOString();
        throw new NotAskedError(`${host} wants no request before ${time}; ${untilNextRun}`, { retryAfterMs: ms });
      }
      await this.#clock.sleep(ms, this.#signal);
    }
  }

  /** Waits for a free slot. A slot that another request hands over counts as in progress already. */
  async #acquireSlot(line: (() => void)[]): Promise<void> {
    if (this.#inProgress >= this.#limit) await new Promise<void>((resolve) => line.push(resolve));
    else this.#inProgress += 1;
  }

  /** Hands the slot over to the next request in line, or frees it if there is none or the limit has fallen. */
  #releaseSlot(): void {
    if (this.#inProgress <= this.#limit) {
      const next = this.#nextInLine();
      if (next !== undefined) {
        next();
        return;
      }
    }
    this.#inProgress -= 1;
  }

  #countAnswer(): void {
    this.#answers += 1;
    if (this.#limit === this.#maxLimit || this.#answers < answersPerSlot) return;
    this.#answers = 0;
    this.#limit += 1;
    if (this.#inProgress >= this.#limit) return;
    const next = this.#nextInLine();
    if (next === undefined) return;
    this.#inProgress += 1;
    next();
  }

  /** Takes the next request out of its line. Calling the result lets it go on. */
  #nextInLine(): (() => void) | undefined {
    return this.#waiting.shift() ?? this.#waitingToBegin.shift();
  }
}

/**
 * The limit of the requests of one index to each of its hosts.
 *
 * The number of requests in progress to a host is limited by connection-limit.ts. If a host wants a pause
 * (host-health.ts), each request to it waits until the time that it named. A host that wants too long a pause, or
 * leaves a hundred requests in a row, about at least twenty projects, without an answer, gets no more requests.
 *
 * Requests that begin something (`beginning`) wait behind those that continue what was begun. Otherwise all pages would
 * be fetched before the first file, and everything would be flushed at the same moment.
 */
import type { Clock } from '../../core/clock.ts';
import { NotAskedError, PausedError, RateLimitError, TooBusyError, UnreachableError } from '../../core/errors.ts';
import { maxWaitMs, maxWaitPerProjectMs } from '../../core/retry.ts';
import { ConnectionLimit, type ConnectionRange, type MeasuredAnswer } from './connection-limit.ts';
import { HostHealth, subjectOf } from './host-health.ts';

const untilNextRun = 'the next run continues';

/** Options of a request. */
export interface LimitedRequest<T> {
  /** True if the request begins something. */
  readonly beginning?: boolean;
  /** The project that the request is for, if any. */
  readonly about?: string | undefined;
  /** Returns how the answer arrived; undefined if that says nothing about the connections. */
  readonly measure?: (answer: T) => MeasuredAnswer | undefined;
}

export class RequestLimiter {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #range: ConnectionRange;
  readonly #onChange: (host: string, connections: number) => void;
  readonly #hosts = new Map<string, HostQueue>();
  /** By project, the milliseconds that hosts asked to wait in this run, in all. */
  readonly #imposedWaitsMs = new Map<string, number>();

  /** `onChange` is called when the number of connections that a host may get is known or changes. */
  constructor(
    range: ConnectionRange,
    clock: Clock,
    signal: AbortSignal,
    onChange: (host: string, connections: number) => void = () => {},
  ) {
    this.#clock = clock;
    this.#signal = signal;
    this.#range = range;
    this.#onChange = onChange;
  }

  /**
   * Calls `ask`, which requests `url`. Waits until a connection is free and the host has no pause. Throws NotAskedError
   * if the run does not wait that long, and PausedError if it is to stop.
   */
  async run<T>(url: URL, ask: () => Promise<T>, options: LimitedRequest<T> = {}): Promise<T> {
    const { beginning = false, about, measure } = options;
    const subject = subjectOf(url, about);
    const queue = this.#queueOf(url);
    const { health } = queue;
    await queue.acquire(beginning);
    while (health.pauseMs() > 0) {
      // A request that waits for the end of a pause holds no connection, because fewer may be free when it ends.
      queue.release();
      await this.#outlastPause(url, health);
      await queue.acquire(beginning);
    }
    try {
      if (health.isSilent) throw new NotAskedError(`${url.host} left many requests without an answer; ${untilNextRun}`);
      const answer = await ask();
      health.answered(subject);
      queue.answered(this.#clock.now(), measure?.(answer));
      return answer;
    } catch (error) {
      if (error instanceof NotAskedError || error instanceof PausedError) throw error;
      if (!(error instanceof UnreachableError)) {
        health.answered(subject);
        queue.ended();
      } else queue.failed(this.#clock.now(), subject, error);
      throw this.#isTooBusy(error, about) ? new TooBusyError(error.message, error) : error;
    } finally {
      queue.release();
    }
  }

  #isTooBusy(error: unknown, about: string | undefined): error is UnreachableError {
    if (about === undefined || !(error instanceof UnreachableError) || error.retryAfterMs === undefined) return false;
    const wantedMs = (this.#imposedWaitsMs.get(about) ?? 0) + error.retryAfterMs;
    this.#imposedWaitsMs.set(about, wantedMs);
    return wantedMs > maxWaitPerProjectMs;
  }

  #queueOf({ host }: URL): HostQueue {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    const queue = new HostQueue(this.#range, this.#clock, (connections) => this.#onChange(host, connections));
    this.#hosts.set(host, queue);
    this.#onChange(host, this.#range.start);
    return queue;
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
}

/** The requests to one host. */
class HostQueue {
  readonly health: HostHealth;
  readonly #limit: ConnectionLimit;
  readonly #continuing: (() => void)[] = [];
  readonly #beginning: (() => void)[] = [];
  readonly #onChange: (connections: number) => void;
  #reported: number;
  #inProgress = 0;

  constructor(range: ConnectionRange, clock: Clock, onChange: (connections: number) => void) {
    this.health = new HostHealth(clock);
    this.#limit = new ConnectionLimit(range);
    this.#reported = range.start;
    this.#onChange = onChange;
  }

  /** Resolves when the request may be sent. */
  async acquire(beginning: boolean): Promise<void> {
    if (this.#inProgress < this.#limit.value) this.#inProgress += 1;
    else await new Promise<void>((resolve) => (beginning ? this.#beginning : this.#continuing).push(resolve));
  }

  /** Ends a request. The connection goes to the next request that waits, unless there are too many by now. */
  release(): void {
    this.#inProgress -= 1;
    this.#startWaiting();
  }

  answered(nowMs: number, measured: MeasuredAnswer | undefined): void {
    const isInUse = this.#continuing.length + this.#beginning.length > 0;
    this.#limit.answered(nowMs, measured, isInUse, this.#inProgress - 1);
    this.#reportChange();
    this.#startWaiting();
  }

  /** Records an error that says nothing about the host. */
  ended(): void {
    this.#limit.ended();
  }

  failed(nowMs: number, subject: string, error: UnreachableError): void {
    const others = this.#inProgress - 1;
    if (this.health.failed(subject, error)) this.#limit.overloaded(nowMs, others);
    else if (error instanceof RateLimitError) this.#limit.refused(nowMs, subject, others);
    else if (error.cause !== undefined) this.#limit.lost(nowMs, subject, others);
    else this.#limit.ended();
    this.#reportChange();
  }

  #reportChange(): void {
    if (this.#limit.value === this.#reported) return;
    this.#reported = this.#limit.value;
    this.#onChange(this.#reported);
  }

  #startWaiting(): void {
    while (this.#inProgress < this.#limit.value) {
      const start = this.#continuing.shift() ?? this.#beginning.shift();
      if (start === undefined) return;
      this.#inProgress += 1;
      start();
    }
  }
}

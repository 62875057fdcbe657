/** Simulates a network and a front server between a large index and its clients. */

import { setTimeout as wait } from 'node:timers/promises';

/** The network; what is not given does not limit anything. */
export interface NetworkOptions {
  /** Milliseconds until the first byte of each answer. */
  readonly latencyMs?: number;
  /** The bandwidth of all connections together. */
  readonly bytesPerSecond?: number;
  /** The number of requests in progress above which further ones are answered with 429. */
  readonly maxRequests?: number;
  /** Every so many files answer with 503 when they are requested for the first time. */
  readonly failingFile?: number;
}

/** The network between a server and its clients. */
export class SlowNetwork {
  readonly #options: NetworkOptions;
  readonly #requested = new Set<string>();
  #inProgress = 0;
  #files = 0;
  #lineFreeAt = 0;
  #mostRequests = 0;
  #refusals = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** The largest number of requests that were in progress at the same time. */
  get mostRequests(): number {
    return this.#mostRequests;
  }

  /** The number of requests that were answered with 429. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Takes a request. Returns the status of a refusal, or undefined. Each request must {@link leave}. */
  enter(path: string): 429 | 503 | undefined {
    const { maxRequests = Number.POSITIVE_INFINITY, failingFile } = this.#options;
    this.#inProgress += 1;
    this.#mostRequests = Math.max(this.#mostRequests, this.#inProgress);
    if (this.#inProgress > maxRequests) {
      this.#refusals += 1;
      return 429;
    }
    if (failingFile === undefined || !path.startsWith('/packages/') || this.#requested.has(path)) return undefined;
    this.#requested.add(path);
    this.#files += 1;
    return this.#files % failingFile === 0 ? 503 : undefined;
  }

  leave(): void {
    this.#inProgress -= 1;
  }

  /** Resolves when an answer of so many bytes has passed, or at once if nothing is limited. */
  pass(bytes: number): Promise<void> | undefined {
    const { latencyMs = 0, bytesPerSecond } = this.#options;
    const now = performance.now();
    if (bytesPerSecond !== undefined)
      this.#lineFreeAt = Math.max(this.#lineFreeAt, now) + (bytes * 1000) / bytesPerSecond;
    const ms = Math.max(latencyMs, this.#lineFreeAt - now);
    return ms <= 0 ? undefined : wait(ms);
  }
}

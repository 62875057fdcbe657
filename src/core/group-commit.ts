/**
 * Group commit, as databases do it. Items that arrive during a commit are committed together by the next one, so that
 * they share the cost of a flush. After a large group the next one also waits a little for more items: under load
 * commits become larger instead of more frequent, and without load nobody waits.
 */
import type { Clock } from './clock.ts';

const gatherMsPerItem = 1;
const maxGatherMs = 100;

export class GroupCommit<T> {
  readonly #clock: Clock;
  readonly #commit: (items: readonly T[]) => Promise<void>;
  readonly #never = new AbortController().signal;
  #waiting: { items: T[]; done: Promise<void> } | undefined;
  #running: Promise<void> = Promise.resolve();
  #lastSize = 0;

  /** `commit` makes all `items` durable or throws. It is never called twice at the same time. */
  constructor(clock: Clock, commit: (items: readonly T[]) => Promise<void>) {
    this.#clock = clock;
    this.#commit = commit;
  }

  /** Resolves when `item` is durable, and rejects if its commit failed. */
  add(item: T): Promise<void> {
    if (this.#waiting === undefined) {
      const group = { items: [] as T[], done: Promise.resolve() };
      group.done = this.#running.then(() => this.#run(group.items));
      this.#running = group.done.catch(() => {});
      this.#waiting = group;
    }
    this.#waiting.items.push(item);
    return this.#waiting.done;
  }

  /** Resolves when nothing is waiting or being committed. */
  async idle(): Promise<void> {
    let last: Promise<void>;
    do {
      last = this.#running;
      await last;
    } while (last !== this.#running);
  }

  async #run(items: readonly T[]): Promise<void> {
    const ms = Math.min(maxGatherMs, this.#lastSize * gatherMsPerItem);
    if (ms > 5) await this.#clock.sleep(ms, this.#never);
    this.#waiting = undefined;
    this.#lastSize = items.length;
    await this.#commit(items);
  }
}

/**
 * Group commit, as databases do it: what arrives while one commit is at work is committed together by the next.
 * So the cost of a flush is shared by as many callers as happen to wait for one, and nobody waits for a timer.
 */
export class GroupCommit<T> {
  readonly #commit: (items: readonly T[]) => Promise<void>;
  #waiting: { items: T[]; done: Promise<void> } | undefined;
  #running: Promise<void> = Promise.resolve();

  /** `commit` makes all `items` durable or throws; it is never called twice at the same time. */
  constructor(commit: (items: readonly T[]) => Promise<void>) {
    this.#commit = commit;
  }

  /** Resolves when `items` are durable; rejects when the commit that held them failed. */
  add(items: readonly T[]): Promise<void> {
    if (this.#waiting === undefined) {
      const group = { items: [] as T[], done: Promise.resolve() };
      group.done = this.#running.then(() => {
        this.#waiting = undefined;
        return this.#commit(group.items);
      });
      this.#running = group.done.catch(() => {});
      this.#waiting = group;
    }
    this.#waiting.items.push(...items);
    return this.#waiting.done;
  }

  /** Resolves when nothing is waiting or being committed. */
  async idle(): Promise<void> {
    while (this.#waiting !== undefined) await this.#waiting.done.catch(() => {});
    await this.#running;
  }
}

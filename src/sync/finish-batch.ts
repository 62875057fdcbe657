/** Remembers finished projects, many in one transaction. */
import type { Clock } from '../core/clock.ts';
import { StorageError } from '../core/errors.ts';
import { GroupCommit } from '../core/group-commit.ts';
import type { FinishedProject, StateStore } from '../state/state-store.ts';

/** What waits for a transaction, and why it cannot be remembered. */
interface Item {
  readonly finished: FinishedProject;
  failed?: unknown;
}

export class FinishBatcher {
  readonly #state: StateStore;
  readonly #commits: GroupCommit<Item>;

  constructor(state: StateStore, clock: Clock) {
    this.#state = state;
    this.#commits = new GroupCommit(clock, async (items) => this.#commit(items));
  }

  /** Resolves when it is remembered. Rejects for `finished` alone, except with a StorageError. */
  async add(finished: FinishedProject): Promise<void> {
    const item: Item = { finished };
    await this.#commits.add(item);
    if (item.failed !== undefined) throw item.failed;
  }

  #commit(items: readonly Item[]): void {
    try {
      this.#state.finish(items.map(({ finished }) => finished));
    } catch (error) {
      if (error instanceof StorageError) throw error;
      // One of them has a value that no table takes: the others must not go with it.
      for (const item of items) this.#commitAlone(item);
    }
  }

  #commitAlone(item: Item): void {
    try {
      this.#state.finish([item.finished]);
    } catch (error) {
      if (error instanceof StorageError) throw error;
      item.failed = error;
    }
  }
}

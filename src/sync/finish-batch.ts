/** Commits finished projects to the state, many in one transaction. */
import type { Clock } from '../core/clock.ts';
import { StorageError } from '../core/errors.ts';
import { GroupCommit } from '../core/group-commit.ts';
import type { FinishedProject, StateStore } from '../state/state-store.ts';

/** A finished project that waits for a transaction, and the error because of which it cannot be stored. */
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

  /**
   * Resolves once `finished` is committed. Rejects if `finished` itself cannot be stored, or with the StorageError of
   * the batch.
   */
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
      // One of the projects has a value that the database does not take. The others must not fail with it.
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

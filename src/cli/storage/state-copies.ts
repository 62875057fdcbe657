/** Copies of the state during a run that takes long, so that another machine that takes over need not begin again. */
import { minuteMs } from '../../core/durations.ts';
import { PausedError, StorageError } from '../../core/errors.ts';
import type { StateStore } from '../../state/state-store.ts';
import type { MirrorOwner } from './mirror-owner.ts';

const everyMs = 20 * minuteMs;

export class StateCopies {
  readonly #owner: MirrorOwner | undefined;
  readonly #state: StateStore;
  readonly #hasChanged: () => boolean;
  readonly #timer: NodeJS.Timeout | undefined;
  #copying: Promise<void> | undefined;

  /** Begins. `hasChanged` tells if something was published in this run. Without an owner nothing is copied. */
  constructor(owner: MirrorOwner | undefined, state: StateStore, hasChanged: () => boolean) {
    this.#owner = owner;
    this.#state = state;
    this.#hasChanged = hasChanged;
    if (owner !== undefined) this.#timer = setInterval(() => this.#begin(), everyMs).unref();
  }

  #begin(): void {
    if (!this.#hasChanged()) return;
    this.#copying ??= this.#copy().then(() => {
      this.#copying = undefined;
    });
  }

  /** Copies, and keeps to itself what goes wrong: the copy at the end tells it. */
  async #copy(): Promise<void> {
    try {
      await this.#owner?.copyState(this.#state, true);
    } catch (error) {
      if (!(error instanceof StorageError || error instanceof PausedError)) throw error;
    }
  }

  /** Makes the last copy. Resolves with what went wrong; a run that is paused leaves the copy to the next one. */
  async end(): Promise<StorageError | undefined> {
    await this.stop();
    try {
      await this.#owner?.copyState(this.#state, this.#hasChanged());
      return undefined;
    } catch (error) {
      if (error instanceof StorageError) return error;
      if (error instanceof PausedError) return undefined;
      throw error;
    }
  }

  /** Waits for a copy that is at work, and makes no further one. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#copying;
  }
}

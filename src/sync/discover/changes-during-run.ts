/** What happens upstream while a run works: what is taken away there must not wait until a run of days is over. */
import { minuteMs } from '../../core/durations.ts';
import { NoChangelogError, NonsenseError, UnreachableError } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Mirror } from '../mirror.ts';
import { enqueueNews } from './discover.ts';

const everyMs = 5 * minuteMs;

export class ChangeWatcher {
  readonly #mirror: Mirror;
  #readAt: number;
  #hasFailed = false;

  /** To be made when the changelog has just been read. */
  constructor(mirror: Mirror) {
    this.#mirror = mirror;
    this.#readAt = mirror.clock.now();
  }

  /** Whether it is time to read. A clock that was put back does not make it any later. */
  isDue(): boolean {
    const now = this.#mirror.clock.now();
    if (now < this.#readAt) this.#readAt = now;
    return !this.#mirror.settings.dryRun && now - this.#readAt >= everyMs;
  }

  /** Queues what has changed, and returns the names. Throws StorageError, PausedError. */
  async read(): Promise<readonly ProjectName[]> {
    const { clock, report } = this.#mirror;
    this.#readAt = clock.now();
    try {
      return await enqueueNews(this.#mirror);
    } catch (error) {
      const isUpstreams = [UnreachableError, NonsenseError, NoChangelogError].some((kind) => error instanceof kind);
      if (!isUpstreams || !(error instanceof Error)) throw error;
      const message = `the changelog could not be read again during the run: ${error.message}`;
      if (!this.#hasFailed) report({ type: 'warning', message });
      this.#hasFailed = true;
      return [];
    } finally {
      this.#readAt = clock.now();
    }
  }
}

/** Reads upstream's changes while a run works, so that removals do not wait for the end of a run that takes days. */
import { minuteMs } from '../../core/durations.ts';
import { NoChangelogError, NonsenseError, UnreachableError } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Mirror } from '../mirror.ts';
import { enqueueNews } from './discover.ts';

const everyMs = 5 * minuteMs;

export class ChangeWatcher {
  #readAt: number;
  #hasFailed = false;

  /** Must be created right after the changelog was read. */
  constructor({ clock }: Mirror) {
    this.#readAt = clock.now();
  }

  /** Returns true if it is time to read. A clock that was set back does not delay the next read. */
  isDue({ clock, settings }: Mirror): boolean {
    const now = clock.now();
    if (now < this.#readAt) this.#readAt = now;
    return !settings.dryRun && now - this.#readAt >= everyMs;
  }

  /** Queues the changed projects and returns their names. Throws StorageError, PausedError. */
  async read(mirror: Mirror): Promise<readonly ProjectName[]> {
    const { clock, report } = mirror;
    this.#readAt = clock.now();
    try {
      return await enqueueNews(mirror);
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

/** The folder of what was removed: `<day>/<path under web/>`, so that it can be brought back, and emptied by age. */
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WebPath } from '../../core/paths.ts';
import { codeOf, guardStorage, lstatOf, storageError } from './storage-errors.ts';

const isDay = /^\d{4}-\d\d-\d\d$/;

/** The day in UTC of a time in milliseconds, as `YYYY-MM-DD`. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

export class Trash {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Where `path` goes when it is removed on `day`. */
  place(path: WebPath, day: string): string {
    return join(this.folder, day, path);
  }

  /** Where that lies which was last removed from `path`; undefined when the trash has nothing of it. */
  latest(path: WebPath): string | undefined {
    const places = this.#days().map((day) => this.place(path, day));
    return places.reverse().find((place) => guardStorage(place, () => exists(place)));
  }

  /** Deletes the days that ended before `before` (milliseconds). */
  async empty(before: number): Promise<void> {
    for (const day of this.#days().filter((day) => day < dayOf(before))) {
      const folder = join(this.folder, day);
      try {
        await rm(folder, { recursive: true, force: true });
      } catch (error) {
        throw storageError(folder, error);
      }
    }
  }

  /** The days on which something was removed, the earliest first. Whatever else lies there was put there by a person. */
  #days(): string[] {
    return guardStorage(this.folder, () => {
      try {
        return readdirSync(this.folder)
          .filter((name) => isDay.test(name))
          .sort();
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      }
    });
  }
}

function exists(path: string): boolean {
  return lstatOf(path) !== undefined;
}

/** Removed files, as `trash/<day>/<path under web/>`. They can be restored, and are deleted by age. */
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';
import { dayOf } from '../../core/durations.ts';
import type { WebPath } from '../../core/paths.ts';
import type { Mounts } from './mounts.ts';
import { guardStorage, lstatOf, storageError } from './storage-errors.ts';

const name = 'trash';
const isDay = /^\d{4}-\d\d-\d\d$/;

export class Trash {
  readonly #web: string;
  readonly #mounts: Mounts;

  /** Opens the trash of the target whose tree is in the folder `web`. */
  constructor(web: string, mounts: Mounts) {
    this.#web = web;
    this.#mounts = mounts;
  }

  /** Returns the path in the trash for `path` if it is removed on `day`. */
  pathOn(path: WebPath, day: string): string {
    return join(this.#mounts.homeOf(join(this.#web, path), name), day, path);
  }

  /** Returns the path in the trash of what was last removed from `path`, or undefined if the trash has nothing. */
  latest(path: WebPath): string | undefined {
    const paths = this.#days().map(({ folder }) => join(folder, path));
    return paths.reverse().find((found) => guardStorage(found, () => exists(found)));
  }

  /** Deletes the days that ended before `before` (milliseconds). */
  async empty(before: number): Promise<void> {
    for (const { folder } of this.#days().filter(({ day }) => day < dayOf(before))) {
      try {
        await rm(folder, { recursive: true, force: true });
      } catch (error) {
        throw storageError(folder, error);
      }
    }
  }

  /** Returns the days on which something was removed, the earliest first. Other names were put there by a person. */
  #days(): { readonly day: string; readonly folder: string }[] {
    const days = this.#mounts
      .homes(name)
      .flatMap((home) => daysIn(home).map((day) => ({ day, folder: join(home, day) })));
    return days.sort((a, b) => (a.day < b.day ? -1 : Number(a.day > b.day)));
  }
}

function daysIn(home: string): string[] {
  return guardStorage(home, () => {
    try {
      return readdirSync(home).filter((name) => isDay.test(name));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  });
}

function exists(path: string): boolean {
  return lstatOf(path) !== undefined;
}

/** The folders below `web/`: they come with the first file, and go with the last one. */
import { lstatSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';
import { linkError } from './refuse-links.ts';
import { guardStorage } from './storage-errors.ts';

export class PublishedFolders {
  readonly #web: string;
  /** Known to be there: those that hold folders, and the last one that holds files. */
  readonly #known = new Set<string>();
  #last = '';

  constructor(web: string) {
    this.#web = web;
  }

  /** Renames `from` to `to`, whose folder is made where it is missing; adds what is to be flushed to `touched`. */
  moveInto(from: string, to: string, touched: Set<string>): void {
    const folder = dirname(to);
    guardStorage(to, () => {
      this.#make(folder, touched);
      try {
        renameSync(from, to);
      } catch (error) {
        // Somebody removed the folder that we remember.
        if (!hasCode(error, 'ENOENT')) throw error;
        this.forget();
        this.#make(folder, touched);
        renameSync(from, to);
      }
      touched.add(folder);
    });
  }

  #make(folder: string, touched: Set<string>): void {
    if (folder === this.#web || folder === this.#last || this.#known.has(folder)) return;
    const parent = dirname(folder);
    this.#make(parent, touched);
    if (parent !== this.#web) this.#known.add(parent);
    try {
      mkdirSync(folder, 0o755);
      touched.add(parent);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      if (lstatSync(folder).isSymbolicLink()) throw linkError(folder);
    }
    this.#last = folder;
  }

  /** Something was removed: nothing is known to be there any more. */
  forget(): void {
    this.#known.clear();
    this.#last = '';
  }

  /** Removes the folders of a file that went, as far up as they are empty. */
  removeEmpty(folder: string): void {
    if (folder === this.#web || dirname(folder) === this.#web) return;
    try {
      rmdirSync(folder);
    } catch (error) {
      // The top of a mount is busy.
      if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'EBUSY')) return;
      throw error;
    }
    this.removeEmpty(dirname(folder));
  }
}

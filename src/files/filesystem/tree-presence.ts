/** Finds out if there is a tree at all: an empty mount point looks like a mirror that has lost everything. */
import { type Dirent, opendirSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';
import { notOfTheTree } from './mounts.ts';
import { guardStorage } from './storage-errors.ts';

/** Returns true if `web` has the pages of any project, whatever program wrote them. Throws StorageError. */
export function hasProjects(web: string): boolean {
  return hasEntry(join(web, 'simple'), (entry) => entry.isDirectory());
}

/** Returns true if anything lies in `packages/` of `web`. Throws StorageError. */
export function hasPackages(web: string): boolean {
  return hasEntry(join(web, 'packages'), () => true);
}

function hasEntry(folder: string, isIt: (entry: Dirent) => boolean): boolean {
  return guardStorage(folder, () => {
    try {
      const found = opendirSync(folder);
      try {
        let entry = found.readSync();
        while (entry !== null && (notOfTheTree.has(entry.name) || !isIt(entry))) entry = found.readSync();
        return entry !== null;
      } finally {
        found.closeSync();
      }
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    }
  });
}

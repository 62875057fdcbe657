/**
 * Refuses links where the mirror made folders. Somebody may have replaced a folder below `web/`, in the trash or in
 * staging by a link. Nothing is written, moved or removed through it, because the files behind it are not the mirror's.
 */
import { lstatSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { StorageError } from '../../core/errors.ts';

/** Throws StorageError if `folder`, or one of the folders below `root` that lead to it, is a link. */
export function refuseLinks(root: string, folder: string): void {
  let path = root;
  for (const name of relative(root, folder).split(sep)) {
    path = join(path, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.isSymbolicLink()) throw linkError(path);
  }
}

/** Returns true if `path` lies below `root` after all links are resolved, and reading it comes to an end. */
export function mayBeRead(root: string, path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isSymbolicLink()) return found.isFile() || found.isDirectory();
  const real = realpathSync(path);
  return real.startsWith(`${realpathSync(root)}${sep}`) && lstatSync(real).isFile();
}

/** Returns the error about the link at `path`. */
export function linkError(path: string): StorageError {
  return new StorageError(
    `${path}: is a symbolic link, and nothing is written or removed through one; put a folder in its place, or mount what it leads to there`,
  );
}

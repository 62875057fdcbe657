/**
 * A folder below `web/`, in the trash or in staging may have been replaced by a link since the mirror made it. Nothing
 * is written, moved or removed through one: what lies behind it is not the mirror's.
 */
import { lstatSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { StorageError } from '../../core/errors.ts';

/** Throws StorageError when one of the folders below `root` that lead to `folder` is a link, itself included. */
export function refuseLinks(root: string, folder: string): void {
  let path = root;
  for (const name of relative(root, folder).split(sep)) {
    path = join(path, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.isSymbolicLink()) throw linkError(path);
  }
}

/** Whether `path` lies below `root`, whatever links lead to it, and reading it comes to an end. */
export function mayBeRead(root: string, path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isSymbolicLink()) return found.isFile() || found.isDirectory();
  const real = realpathSync(path);
  return real.startsWith(`${realpathSync(root)}${sep}`) && lstatSync(real).isFile();
}

/** The error about the link at `path`. */
export function linkError(path: string): StorageError {
  return new StorageError(
    `${path}: is a symbolic link, and nothing is written or removed through one; put a folder in its place, or mount what it leads to there`,
  );
}

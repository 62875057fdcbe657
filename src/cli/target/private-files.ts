/**
 * Keeps other users away from the private files of a target: locks, databases and keys. A user who may read a file may
 * hold a lock on it, and so keep all runs from starting. SQLite takes files beside a database for parts of it, even for
 * a journal that names files to delete.
 */
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';
import { StorageError, UsageError } from '../../core/errors.ts';
import { guardStorage } from './guard-storage.ts';
import { userName } from './owner.ts';

const ownerOnly = 0o700;
/** The permission bits that a key file must not have: its group may only read it, and others may do nothing. */
const tooOpen = 0o037;

/** The names of the locks, and the names that they had in earlier versions. */
const olderLocks = { 'run.db': 'lock.db', 'check.db': 'check-lock.db', 'stats.db': 'stats-lock.db' } as const;

/** Creates the folder of the locks. The locks of an earlier version are in the folder `run`. Throws StorageError. */
export function prepareLocks(folder: string, run: string): void {
  guardStorage(`${folder}: cannot be prepared`, () => {
    if (lstatOf(folder) === undefined) mkdirSync(folder, { mode: ownerOnly, recursive: true });
    const found = lstatSync(folder);
    if (!found.isDirectory()) throw new StorageError(`${folder}: expected a folder, found something else; remove it`);
    expectOurs(folder, found);
    setMode(folder, ownerOnly);
    for (const [name, older] of Object.entries(olderLocks)) shareLock(join(run, older), join(folder, name));
  });
}

/**
 * Links the lock file of an earlier version to the new name, so that both versions use one lock: a process of the
 * earlier version may be at work. Others may write to the folder of the old lock, so it is used only if it is an empty
 * file that is ours and that nobody else can open.
 */
function shareLock(older: string, path: string): void {
  const found = lstatOf(older);
  if (found === undefined || lstatOf(path) !== undefined || !found.isFile() || found.size > 0) return;
  if (found.uid !== process.geteuid?.() || (found.mode & 0o077) !== 0 || found.nlink !== 1) return;
  try {
    linkSync(older, path);
  } catch (error) {
    if (hasCode(error, 'EEXIST', 'ENOENT')) return;
    // The file system has no hard links.
    renameSync(older, path);
    return;
  }
  // Another user may have put another file there between the check and the link.
  const linked = lstatSync(path);
  if (linked.dev !== found.dev || linked.ino !== found.ino || linked.nlink !== 2) unlinkSync(path);
}

/**
 * Creates the database at `path` if it is missing. Gives this mode to it and to the files that SQLite puts beside it.
 * Throws StorageError.
 */
export function keepDatabase(path: string, mode: number): void {
  guardStorage(`${path}: cannot be prepared`, () => {
    try {
      closeSync(openSync(path, 'wx', mode));
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    // `path` may be a link to another disk.
    const real = realpathSync(path);
    for (const suffix of ['', '-wal', '-shm']) setMode(real + suffix, mode);
  });
}

/** Sets the mode by name. With an open file, closing it would give up the locks that this process has on it. */
function setMode(path: string, mode: number): void {
  const found = lstatOf(path);
  if (found === undefined || (found.mode & 0o777) === mode) return;
  expectOurs(path, found);
  try {
    chmodSync(path, mode);
  } catch (error) {
    // The file is gone by now, or the file system has no modes of its own: its mount options set them.
    if (!hasCode(error, 'ENOENT', 'EPERM')) throw error;
  }
}

function expectOurs(path: string, { uid }: Stats): void {
  const ours = process.geteuid?.();
  if (ours === undefined || uid === ours) return;
  const names = [uid, ours].map(userName);
  throw new StorageError(
    `${path}: belongs to ${names[0]}, expected ${names[1]}, as whom this runs; chown or remove it`,
  );
}

function lstatOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/**
 * Throws UsageError if others than its owner and its group may read the file at `path`, which the setting `where`
 * names, or if it lies in the folder that the web server serves.
 */
export function refuseExposed(where: string, path: string, { root }: { readonly root: string }): void {
  const mode = statSync(path).mode & 0o777;
  if ((mode & tooOpen) !== 0) {
    const found = mode.toString(8).padStart(4, '0');
    throw new UsageError(`${where}: ${path}: expected mode 0600 or 0640, found ${found}; chmod 600 it`);
  }
  // If that folder does not exist yet, nothing lies in it.
  const web = realPath(join(root, 'web'));
  if (web === undefined || !`${realpathSync(path)}${sep}`.startsWith(`${web}${sep}`)) return;
  throw new UsageError(`${where}: ${path} lies in ${web}, which everybody can read; move it, and make a new one`);
}

/** Throws UsageError if everybody may write to the file at `path`, which names commands of `what`. */
export function refuseWritable(what: string, path: string): void {
  if ((statSync(path).mode & 0o002) === 0) return;
  throw new UsageError(`${path}: everybody may write to it, and ${what} would be started; chmod o-w it`);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

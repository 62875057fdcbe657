/**
 * What of a target is nobody's but its owner's. Whoever may read a file may hold a lock on it, and keep all runs from
 * starting. What lies beside a database SQLite takes for a part of it, even for a journal that says which files to delete.
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
/** All but reading by its owner and its group. */
const tooOpen = 0o037;

/** The locks, and where earlier versions had them. */
const olderLocks = { 'run.db': 'lock.db', 'check.db': 'check-lock.db', 'stats.db': 'stats-lock.db' } as const;

/** Creates the folder of the locks; those of an earlier version are in the folder `run`. Throws StorageError. */
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
 * Makes the lock of an earlier version this one's, too, by another name: a process of that version may be at work, and
 * sees ours. Others may write to its folder, so that only an empty file counts that is ours and that nobody else can open.
 */
function shareLock(older: string, path: string): void {
  const found = lstatOf(older);
  if (found === undefined || lstatOf(path) !== undefined || !found.isFile() || found.size > 0) return;
  if (found.uid !== process.geteuid?.() || (found.mode & 0o077) !== 0 || found.nlink !== 1) return;
  try {
    linkSync(older, path);
  } catch (error) {
    if (hasCode(error, 'EEXIST', 'ENOENT')) return;
    // A file system without second names.
    renameSync(older, path);
    return;
  }
  // Somebody may have put another file there meanwhile.
  const linked = lstatSync(path);
  if (linked.dev !== found.dev || linked.ino !== found.ino || linked.nlink !== 2) unlinkSync(path);
}

/** Creates the database at `path` where it is missing, and gives it and what SQLite puts beside it this mode. Throws StorageError. */
export function keepDatabase(path: string, mode: number): void {
  guardStorage(`${path}: cannot be prepared`, () => {
    try {
      closeSync(openSync(path, 'wx', mode));
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    // It may be a link to another disk.
    const real = realpathSync(path);
    for (const suffix of ['', '-wal', '-shm']) setMode(real + suffix, mode);
  });
}

/** By name: to close a file that was opened would give up the locks that this process has on it. */
function setMode(path: string, mode: number): void {
  const found = lstatOf(path);
  if (found === undefined || (found.mode & 0o777) === mode) return;
  expectOurs(path, found);
  try {
    chmodSync(path, mode);
  } catch (error) {
    // Gone by now, or on a file system without modes, which its mount options give.
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

/** Throws UsageError where others than its owner and its group may read the file at `path`, which the setting `where` names. */
export function refuseExposed(where: string, path: string, { root }: { readonly root: string }): void {
  const mode = statSync(path).mode & 0o777;
  if ((mode & tooOpen) !== 0) {
    const found = mode.toString(8).padStart(4, '0');
    throw new UsageError(`${where}: ${path}: expected mode 0600 or 0640, found ${found}; chmod 600 it`);
  }
  // Where there is no such folder yet, nothing lies in it.
  const web = realPath(join(root, 'web'));
  if (web === undefined || !`${realpathSync(path)}${sep}`.startsWith(`${web}${sep}`)) return;
  throw new UsageError(`${where}: ${path} lies in ${web}, which everybody can read; move it, and make a new one`);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

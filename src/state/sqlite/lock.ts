/**
 * The lock that lets at most one run work on a target. It is the kernel's, not a file with a pid: SQLite holds a file
 * lock for as long as the transaction is open, and the kernel frees it as soon as its holder dies, in whatever way.
 */
import { accessSync, chmodSync, closeSync, constants, lstatSync, openSync } from 'node:fs';
import { hasCode } from '../../core/caught-error.ts';
import { StorageError } from '../../core/errors.ts';
import { connect } from './addon.ts';
import { asStorage, openDatabase } from './open-database.ts';

/** Milliseconds to wait for the lock: `isLocked` holds it for less than one, and must not keep a run from starting. */
const busyTimeoutMs = 100;
const ownerOnly = 0o600;

/** Takes the lock in the file at `path`. Returns a function that releases it, or undefined if another run holds it. */
export function takeLock(path: string): (() => void) | undefined {
  // SQLite would create the file that a link points to.
  if (asStorage(path, () => lstatSync(path, { throwIfNoEntry: false }))?.isFile() === false) {
    throw new StorageError(`${path}: expected a file, found a link or something else; remove it`);
  }
  closeToOthers(path);
  const db = openDatabase(path);
  try {
    db.pragma(`busy_timeout = ${busyTimeoutMs}`);
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (isBusy(error)) return undefined;
    return asStorage(path, () => {
      throw error;
    });
  }
  return () => db.close();
}

/** Restricts the file to its owner: any user who may read it may lock it, and could keep all runs from starting. */
function closeToOthers(path: string): void {
  try {
    closeSync(openSync(path, 'wx', ownerOnly));
  } catch (error) {
    // SQLite reports other errors, with advice.
    if (!hasCode(error, 'EEXIST')) return;
    asStorage(path, () => restrict(path));
  }
}

function restrict(path: string): void {
  // Uses the path, because closing an opened file would release the locks that this process has on it.
  if (((lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) === 0) return;
  try {
    chmodSync(path, ownerOnly);
  } catch (error) {
    // The file belongs to another user, whom its mode would not keep out.
    if (!hasCode(error, 'EPERM', 'EROFS')) throw error;
  }
}

/**
 * Returns true if a process holds the lock in the file at `path`; undefined if we may not read the file. Takes no lock
 * and creates no file. Throws StorageError if the file cannot be read as a database.
 */
export function isLocked(path: string): boolean | undefined {
  const mayRead = readable(path);
  if (mayRead !== true) return mayRead;
  return asStorage(path, () => {
    const db = connect(path, { readonly: true, timeout: 0 });
    try {
      db.prepare('SELECT count(*) FROM sqlite_master').get();
      return false;
    } catch (error) {
      if (isBusy(error)) return true;
      throw error;
    } finally {
      db.close();
    }
  });
}

/** Returns true if we may read the file, false if it does not exist, undefined if access is denied. */
function readable(path: string): boolean | undefined {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch (error) {
    return hasCode(error, 'EACCES') ? undefined : false;
  }
}

function isBusy(error: unknown): boolean {
  return hasCode(error, 'SQLITE_BUSY');
}

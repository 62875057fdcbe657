/**
 * At most one run works on a target. The kernel decides who, not a pid: SQLite holds a file lock for as long as the
 * transaction is open, and it is free the moment its holder dies, however it dies.
 */
import { accessSync, chmodSync, closeSync, constants, lstatSync, openSync } from 'node:fs';
import { hasCode } from '../../core/caught-error.ts';
import { StorageError } from '../../core/errors.ts';
import { connect } from './addon.ts';
import { asStorage, openDatabase } from './open-database.ts';

/** Who only asks holds the file for less than a millisecond; that must not keep a run from starting. */
const patienceMs = 100;
const ownerOnly = 0o600;

/** Takes the lock kept in the file at `path`. Returns how to release it, or undefined while another run holds it. */
export function takeLock(path: string): (() => void) | undefined {
  // SQLite would create what a link leads to.
  if (asStorage(path, () => lstatSync(path, { throwIfNoEntry: false }))?.isFile() === false) {
    throw new StorageError(`${path}: expected a file, found a link or something else; remove it`);
  }
  keepOthersOut(path);
  const db = openDatabase(path);
  try {
    db.pragma(`busy_timeout = ${patienceMs}`);
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

/** Who may read a file may hold a lock on it: anybody on the machine could keep all runs from starting. */
function keepOthersOut(path: string): void {
  try {
    closeSync(openSync(path, 'wx', ownerOnly));
  } catch (error) {
    // What else is wrong SQLite says with advice.
    if (!hasCode(error, 'EEXIST')) return;
    asStorage(path, () => restrict(path));
  }
}

function restrict(path: string): void {
  // By name: closing the file would give up the locks that this process has on it.
  if (((lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) === 0) return;
  try {
    chmodSync(path, ownerOnly);
  } catch (error) {
    // Somebody else's, who would not be kept out by it.
    if (!hasCode(error, 'EPERM', 'EROFS')) throw error;
  }
}

/**
 * Whether somebody holds the lock kept in the file at `path`; undefined when we may not know. Takes nothing, and creates
 * nothing. Throws StorageError.
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

/** False when there is no such file, undefined when it is not for us. */
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

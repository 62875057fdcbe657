/**
 * At most one run works on a target. The kernel decides who, not a pid: SQLite holds a file lock for as long as the
 * transaction is open, and it is free the moment its holder dies, however it dies.
 */
import { existsSync, lstatSync } from 'node:fs';
import Database from 'better-sqlite3';
import { StorageError } from '../../core/errors.ts';
import { asStorage, openDatabase } from './open-database.ts';

/** Who only asks holds the file for less than a millisecond; that must not keep a run from starting. */
const patienceMs = 100;

/** Takes the lock kept in the file at `path`. Returns how to release it, or undefined while another run holds it. */
export function takeLock(path: string, nativeBinding: string | undefined): (() => void) | undefined {
  // SQLite would create what a link leads to.
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false) {
    throw new StorageError(`${path}: expected a file, found a link or something else; remove it`);
  }
  const db = openDatabase(path, nativeBinding);
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

/** Whether somebody holds the lock kept in the file at `path`. Takes nothing, and creates nothing. Throws StorageError. */
export function isLocked(path: string, nativeBinding: string | undefined): boolean {
  if (!existsSync(path)) return false;
  const binding = nativeBinding === undefined ? {} : { nativeBinding };
  return asStorage(path, () => {
    const db = new Database(path, { ...binding, readonly: true, timeout: 0 });
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

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
}

/** Copies a database that other processes may write to meanwhile. */
import { StorageError } from '../../core/errors.ts';
import { asStorage, openDatabase } from './open-database.ts';
import { openForReading } from './open-read-only.ts';

/**
 * Writes the database at `path`, as it is at this moment, to `to`, which must be missing or empty. A copy of the file
 * by itself would lack what SQLite keeps in a file beside it, and could be of two moments. Throws StorageError.
 */
export function copyDatabase(path: string, to: string): void {
  const db = openForReading(path);
  try {
    asStorage(`${path}, copied to ${to}`, () => db.prepare('VACUUM INTO ?').run(to));
  } finally {
    db.close();
  }
}

/** The number of pages that are copied before others get their turn: 8 MiB. */
const pagesAtATime = 2048;

/**
 * Writes the pages of the database at `path`, as they are at this moment, to the file `to`, which must be missing or
 * empty. Pages keep their places, so that two copies differ only where the database changed. Throws StorageError.
 */
export async function copyPages(path: string, to: string): Promise<void> {
  const db = openForReading(path);
  try {
    // The transaction keeps the copy from starting again whenever another process writes.
    asStorage(path, () => db.exec('BEGIN').prepare('SELECT count(*) FROM sqlite_master').get());
    await db.backup(to, { progress: () => pagesAtATime });
  } catch (error) {
    asStorage(`${path}, copied to ${to}`, () => {
      throw error;
    });
  } finally {
    db.close();
  }
}

/** Size in bytes up to which indexes are compared with their tables, too. */
const maxThoroughBytes = 256 << 20;

/** Throws StorageError if the database at `path`, which has so many bytes, is damaged. */
export function checkDatabase(path: string, bytes: number): void {
  // A connection that only reads would leave two files beside it.
  const db = openDatabase(path);
  try {
    const check = bytes > maxThoroughBytes ? 'quick_check' : 'integrity_check';
    const result = asStorage(path, () => db.pragma(`${check}(1)`, { simple: true }));
    if (result !== 'ok') throw new StorageError(`${path}: is damaged: ${String(result)}`);
  } finally {
    db.close();
  }
}

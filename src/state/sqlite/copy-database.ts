/** Copies a database that other processes may write to meanwhile. */
import { asStorage } from './open-database.ts';
import { openForReading } from './open-read-only.ts';

/**
 * Writes the database at `path`, as it is at this moment, to `to`, which must be missing or empty. A copy of the file by
 * itself would lack what SQLite keeps in a file beside it, and could be of two moments. Throws StorageError.
 */
export function copyDatabase(path: string, to: string): void {
  const db = openForReading(path);
  try {
    asStorage(`${path}, copied to ${to}`, () => db.prepare('VACUUM INTO ?').run(to));
  } finally {
    db.close();
  }
}

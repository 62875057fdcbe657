/**
 * At most one run works on a target. The kernel decides who, not a pid: SQLite holds a file lock for as long as the
 * transaction is open, and it is free the moment its holder dies, however it dies.
 */
import { asStorage, openDatabase } from './open-database.ts';

/** Takes the lock kept in the file at `path`. Returns how to release it, or undefined while another run holds it. */
export function takeLock(path: string, nativeBinding: string | undefined): (() => void) | undefined {
  const db = openDatabase(path, nativeBinding);
  try {
    db.pragma('busy_timeout = 0');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return undefined;
    return asStorage(path, () => {
      throw error;
    });
  }
  return () => db.close();
}

/** Whether a database knows of a mirror; asked before it is opened to be written. */
import Database from 'better-sqlite3';
import { asStorage } from './open-database.ts';

/** True when the database at `path` remembers whose mirror it is. It may be of any version, or empty. Throws StorageError. */
export function isMirrorKnown(path: string, nativeBinding: string | undefined): boolean {
  const binding = nativeBinding === undefined ? {} : { nativeBinding };
  return asStorage(path, () => {
    // Read-only, it would leave two files beside the database.
    const db = new Database(path, { ...binding, fileMustExist: true });
    try {
      if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'mirror'").get() === undefined) return false;
      const known = "SELECT 1 FROM mirror WHERE key IN ('upstream', 'adopted', 'adopting')";
      return db.prepare(known).get() !== undefined;
    } finally {
      db.close();
    }
  });
}

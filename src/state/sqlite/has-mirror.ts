/** Tells if a database belongs to a mirror, before it is opened for writing. */
import { connect } from './addon.ts';

/**
 * Returns true if the database at `path`, of whatever version, records its upstream or an adoption. Returns true for a
 * database that cannot be read, too: opening it later reports why.
 */
export function isMirrorKnown(path: string): boolean {
  try {
    // A read-only connection would leave two files beside the database.
    const db = connect(path, { fileMustExist: true });
    try {
      if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'mirror'").get() === undefined) return false;
      const known = "SELECT 1 FROM mirror WHERE key IN ('upstream', 'adopted', 'adopting')";
      return db.prepare(known).get() !== undefined;
    } finally {
      db.close();
    }
  } catch {
    return true;
  }
}

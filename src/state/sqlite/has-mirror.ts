/** Whether a database knows of a mirror; asked before it is opened to be written. */
import { connect } from './addon.ts';

/**
 * False when nothing in the database at `path`, of whatever version, remembers whose mirror it is, or when it is empty.
 * One that cannot be read counts as one that does: whoever opens it to be used learns why.
 */
export function isMirrorKnown(path: string): boolean {
  try {
    // Read-only, it would leave two files beside the database.
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

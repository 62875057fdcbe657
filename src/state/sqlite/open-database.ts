/** Opens SQLite databases, and turns its errors into ours. */
import type Database from 'better-sqlite3';
import { errorCode } from '../../core/caught-error.ts';
import { StorageError } from '../../core/errors.ts';
import { connect } from './addon.ts';

/** Opens or creates the database at `path`. Throws StorageError. */
export function openDatabase(path: string): Database.Database {
  return asStorage(path, () => {
    try {
      return connect(path);
    } catch (cause) {
      // better-sqlite3 throws a TypeError if the folder does not exist or is not accessible.
      if (cause instanceof TypeError) throw new StorageError(`${path}: ${cause.message}`, { cause });
      throw cause;
    }
  });
}

/** Codes for values that a table does not accept. They are bugs of ours, not of the database, and keep their stack. */
const ofValues = /^SQLITE_(?:CONSTRAINT|MISMATCH|TOOBIG|RANGE)/;

/** Runs `work` on the database at `path`; SQLite's errors become StorageErrors that name it. */
export function asStorage<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Error) || cause instanceof StorageError) throw cause;
    const code = errorCode(cause) ?? '';
    if (code === 'ERR_DLOPEN_FAILED' || noAddon.test(cause.message)) throw unfitAddon(cause);
    if (ofValues.test(code) || cause instanceof TypeError || cause instanceof RangeError) throw cause;
    throw new StorageError(`${path}: ${cause.message}${advice[code] ?? ''}`, { cause });
  }
}

/** The package that looks for the addon says one of these, depending on the current folder. */
const noAddon = /^Could not (?:locate the bindings file|find module root)/;

/** Returns the error for an addon that cannot be loaded, without Node's advice, which is for developers. */
function unfitAddon(cause: Error): StorageError {
  const reason = noAddon.test(cause.message)
    ? 'better_sqlite3.node is not beside the program'
    : cause.message.replace(/\.(?:\s+Please try [\s\S]*)?$/, '');
  const advice = 'npm run build with the Node.js that runs this program makes the folder to copy here';
  return new StorageError(`the SQLite addon cannot be loaded: ${reason}; ${advice}`, { cause });
}

const rebuild =
  '; move the file away: the next run compares everything with upstream, pep381checkfiles --rebuild reads the tree';

const advice: Readonly<Record<string, string>> = {
  SQLITE_FULL: '; free some space and run again',
  SQLITE_READONLY: '; the user that runs pep381run must own the target',
  SQLITE_CANTOPEN: '; the user that runs pep381run must own the target',
  SQLITE_NOTADB: rebuild,
  SQLITE_CORRUPT: rebuild,
};

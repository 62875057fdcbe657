/** Opens a database for reading, even in a folder where we may not write. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { connect } from './addon.ts';
import { asStorage } from './open-database.ts';

const tries = 5;
/** Offsets of the two header bytes that say that the database has a WAL. */
const journalModes = [18, 19] as const;

/**
 * Opens the database at `path`, which must exist. SQLite puts two small files beside a database in WAL mode, even to
 * read it. If we may not create them and no other process has, the database is read into memory. Throws StorageError.
 */
export function openForReading(path: string): Database.Database {
  return asStorage(path, () => {
    const bytes = isInUse(path) || (mayWrite(path) && mayWrite(dirname(path))) ? undefined : readWhole(path);
    if (bytes === undefined) return connect(path, { readonly: true, fileMustExist: true });
    for (const at of journalModes) bytes[at] = 1;
    return connect(bytes);
  });
}

function isInUse(path: string): boolean {
  return existsSync(`${path}-wal`);
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns the bytes of the database; undefined if another process began to use it meanwhile. */
function readWhole(path: string): Buffer | undefined {
  for (let attempt = 0; attempt < tries && !isInUse(path); attempt += 1) {
    const before = statSync(path).mtimeMs;
    const bytes = readFileSync(path);
    if (!isInUse(path) && statSync(path).mtimeMs === before) return bytes;
  }
  return undefined;
}

/** Opens `state.db` for a run, for a dry run, or to be read. */
import { existsSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { asStorage, openDatabase } from './open-database.ts';
import { openForReading } from './open-read-only.ts';
import { expectSchema, prepareSchema } from './schema.ts';

export interface OpenStateOptions {
  /** Discards all writes at the end, for a dry run. */
  readonly discard?: boolean;
  /** Only reads: the database must exist, and may belong to another user. */
  readonly readOnly?: boolean;
}

/** Opens the database at `path`, or one in memory for ':memory:', with all tables. Throws StorageError. */
export function openState(path: string, options: OpenStateOptions): Database.Database {
  const { discard = false, readOnly = false } = options;
  const db = readOnly ? openForReading(path) : openDatabase(discard && !existsSync(path) ? ':memory:' : path);
  try {
    asStorage(path, () => (readOnly ? expectSchema(db, path) : prepare(db, discard)));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepare(db: Database.Database, discard: boolean): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  // Never committed. All later transactions, and the tables of this version, are savepoints within this one.
  if (discard) db.exec('BEGIN');
  prepareSchema(db);
}

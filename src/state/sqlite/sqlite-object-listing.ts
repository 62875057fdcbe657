/** The ObjectListing port over SQLite, in a file of its own that is deleted after a check. */
import { rmSync } from 'node:fs';
import type Database from 'better-sqlite3';
import type { Entry } from '../../files/file-store.ts';
import type { ListedFile, ListingProgress, ObjectListing } from '../../files/object-listing.ts';
import { asStorage, openDatabase } from './open-database.ts';
import { etagFrom, storedEtag } from './stored-etag.ts';

/** Increased whenever the tables change: a listing of another version is made again. */
const version = 1;

const tables = `
  DROP TABLE IF EXISTS progress;
  DROP TABLE IF EXISTS objects;
  CREATE TABLE progress (place TEXT NOT NULL, started INTEGER NOT NULL, complete INTEGER NOT NULL) STRICT;
  CREATE TABLE objects (
    path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, etag ANY NOT NULL, modified INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

interface Row {
  readonly path: string;
  readonly bytes: number;
  readonly etag: Buffer | string;
  readonly modified: number;
}

export class SqliteObjectListing implements ObjectListing {
  readonly #path: string;
  readonly #db: Database.Database;
  readonly #sql: ReturnType<typeof prepareStatements>;

  /** Opens or creates the database at `path`, or one in memory for ':memory:'. Throws StorageError. */
  constructor(path: string) {
    this.#path = path;
    this.#db = openDatabase(path);
    try {
      this.#sql = this.#do(() => {
        this.#db.pragma('journal_mode = WAL');
        // What a power failure damages is made again.
        this.#db.pragma('synchronous = OFF');
        if (this.#db.pragma('user_version', { simple: true }) !== version) {
          this.#db.exec(tables);
          this.#db.pragma(`user_version = ${version}`);
        }
        return prepareStatements(this.#db);
      });
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  progress(where: string): ListingProgress | undefined {
    return this.#do(() => {
      const found = this.#sql.progress.get(where);
      return found && { ...found, isComplete: found.complete === 1, after: this.#sql.last.get()?.path };
    });
  }

  begin(where: string, startedMs: number): void {
    this.#transaction(() => {
      this.#sql.clear.run();
      this.#sql.clearProgress.run();
      this.#sql.begin.run(where, startedMs);
    });
  }

  add(files: readonly ListedFile[]): void {
    this.#transaction(() => {
      for (const { path, bytes, etag, modifiedMs } of files)
        this.#sql.add.run(path, bytes, storedEtag(etag), modifiedMs);
    });
  }

  complete(): void {
    this.#do(() => this.#sql.complete.run());
  }

  find(path: string): ListedFile | undefined {
    const row = this.#do(() => this.#sql.find.get(path));
    return row && { path: row.path, bytes: row.bytes, etag: etagFrom(row.etag), modifiedMs: row.modified };
  }

  *entries(folder: string): Iterable<Entry> {
    const start = folder === '' ? '' : `${folder}/`;
    const end = folder === '' ? '\u{10ffff}' : `${folder}0`;
    let next = this.#do(() => this.#sql.from.get(start, end));
    while (next !== undefined) {
      const [name = '', ...more] = next.path.slice(start.length).split('/');
      const isFolder = more.length > 0;
      if (isFolder || name !== '') yield { name, kind: isFolder ? 'folder' : 'file' };
      // The character after the slash: everything in the folder comes before.
      const from = isFolder ? `${start}${name}0` : `${next.path}\0`;
      next = this.#do(() => this.#sql.from.get(from, end));
    }
  }

  close(): void {
    this.#db.close();
  }

  remove(): void {
    this.close();
    if (this.#path === ':memory:') return;
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.#path + suffix, { force: true });
  }

  #do<T>(work: () => T): T {
    return asStorage(this.#path, work);
  }

  #transaction(work: () => void): void {
    this.#do(() => this.#db.transaction(work).immediate());
  }
}

function prepareStatements(db: Database.Database) {
  return {
    progress: db.prepare<[string], { readonly startedMs: number; readonly complete: number }>(
      'SELECT started AS startedMs, complete FROM progress WHERE place = ?',
    ),
    last: db.prepare<[], { readonly path: string }>('SELECT path FROM objects ORDER BY path DESC LIMIT 1'),
    clear: db.prepare<[]>('DELETE FROM objects'),
    clearProgress: db.prepare<[]>('DELETE FROM progress'),
    begin: db.prepare<[string, number]>('INSERT INTO progress VALUES (?, ?, 0)'),
    add: db.prepare<[string, number, Buffer | string, number]>('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)'),
    complete: db.prepare<[]>('UPDATE progress SET complete = 1'),
    find: db.prepare<[string], Row>('SELECT * FROM objects WHERE path = ?'),
    from: db.prepare<[string, string], { readonly path: string }>(
      'SELECT path FROM objects WHERE path >= ? AND path < ? ORDER BY path LIMIT 1',
    ),
  };
}

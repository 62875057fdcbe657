/** The ObjectJournal port over SQLite. */
import type Database from 'better-sqlite3';
import { sha256Hex } from '../../core/hash.ts';
import type { WebPath } from '../../core/paths.ts';
import type { DueDeletion, JournaledUpload, ObjectJournal, RememberedEtag } from '../../files/object-journal.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';
import { etagFrom, storedEtag } from './stored-etag.ts';

export const objectJournalTables = `
  CREATE TABLE object_uploads (upload TEXT PRIMARY KEY, path TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE object_deletions (path TEXT PRIMARY KEY, due INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX object_deletions_by_due ON object_deletions (due);
  CREATE TABLE object_trash (day TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE object_copies (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  -- Keyed by a hash of the path, as the paths of millions of files would be most of the table.
  CREATE TABLE object_etags (path_hash INTEGER PRIMARY KEY, etag ANY NOT NULL) STRICT;
`;

export class SqliteObjectJournal extends SqliteTables<ReturnType<typeof prepareStatements>> implements ObjectJournal {
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  uploads(): JournaledUpload[] {
    return this.do(() => this.sql.uploads.all());
  }

  addUpload({ path, uploadId }: JournaledUpload): void {
    this.do(() => this.sql.addUpload.run(uploadId, path));
  }

  removeUpload(uploadId: string): void {
    this.do(() => this.sql.removeUpload.run(uploadId));
  }

  deleteLater(deletions: readonly DueDeletion[]): void {
    this.transaction(() => {
      for (const { path, dueMs } of deletions) this.sql.deleteLater.run(path, dueMs);
    });
  }

  forgetDeletions(paths: readonly WebPath[]): void {
    this.transaction(() => {
      for (const path of paths) this.sql.forgetDeletion.run(path);
    });
  }

  isToBeDeleted(path: WebPath): boolean {
    return this.do(() => this.sql.deletion.get(path)) !== undefined;
  }

  dueDeletions(nowMs: number, limit: number): DueDeletion[] {
    return this.do(() => this.sql.due.all(nowMs, limit));
  }

  trashDays(): string[] {
    return this.do(() => this.sql.days.all()).map(({ day }) => day);
  }

  addTrashDay(day: string): void {
    this.do(() => this.sql.addDay.run(day));
  }

  removeTrashDay(day: string): void {
    this.do(() => this.sql.removeDay.run(day));
  }

  etagOf(path: WebPath): string | undefined {
    const found = this.do(() => this.sql.etag.get(hashOf(path)));
    return found && etagFrom(found.etag);
  }

  rememberEtags(etags: readonly RememberedEtag[]): void {
    if (etags.length === 0) return;
    this.transaction(() => {
      for (const { path, etag } of etags) this.sql.rememberEtag.run(hashOf(path), storedEtag(etag));
    });
  }

  forgetEtags(paths: readonly WebPath[]): void {
    if (paths.length === 0) return;
    this.transaction(() => {
      for (const path of paths) this.sql.forgetEtag.run(hashOf(path));
    });
  }

  copiesToPut(): WebPath[] {
    return this.do(() => this.sql.copies.all()).map(({ path }) => path);
  }

  putCopyLater(path: WebPath): void {
    this.do(() => this.sql.addCopy.run(path));
  }

  forgetCopy(path: WebPath): void {
    this.do(() => this.sql.removeCopy.run(path));
  }
}

/**
 * Returns 52 bits, which a number holds exactly. If two paths share them, which among 16 million files happens to
 * hardly any mirror, one of both has another ETag than is remembered, and is read by a quick check.
 */
function hashOf(path: WebPath): number {
  return Number.parseInt(sha256Hex(Buffer.from(path)).slice(0, 13), 16);
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    uploads: () => db.prepare<[], JournaledUpload>('SELECT upload AS uploadId, path FROM object_uploads'),
    addUpload: () => db.prepare<[string, string]>('INSERT OR REPLACE INTO object_uploads VALUES (?, ?)'),
    removeUpload: () => db.prepare<[string]>('DELETE FROM object_uploads WHERE upload = ?'),
    deleteLater: () => db.prepare<[string, number]>('INSERT OR IGNORE INTO object_deletions VALUES (?, ?)'),
    forgetDeletion: () => db.prepare<[string]>('DELETE FROM object_deletions WHERE path = ?'),
    deletion: () =>
      db.prepare<[string], { readonly path: WebPath }>('SELECT path FROM object_deletions WHERE path = ?'),
    due: () =>
      db.prepare<[number, number], DueDeletion>(
        'SELECT path, due AS dueMs FROM object_deletions WHERE due <= ? ORDER BY due, path LIMIT ?',
      ),
    days: () => db.prepare<[], { readonly day: string }>('SELECT day FROM object_trash ORDER BY day'),
    addDay: () => db.prepare<[string]>('INSERT OR IGNORE INTO object_trash VALUES (?)'),
    copies: () => db.prepare<[], { readonly path: WebPath }>('SELECT path FROM object_copies ORDER BY path'),
    addCopy: () => db.prepare<[string]>('INSERT OR IGNORE INTO object_copies VALUES (?)'),
    removeCopy: () => db.prepare<[string]>('DELETE FROM object_copies WHERE path = ?'),
    etag: () =>
      db.prepare<[number], { readonly etag: Buffer | string }>('SELECT etag FROM object_etags WHERE path_hash = ?'),
    rememberEtag: () => db.prepare<[number, Buffer | string]>('INSERT OR REPLACE INTO object_etags VALUES (?, ?)'),
    forgetEtag: () => db.prepare<[number]>('DELETE FROM object_etags WHERE path_hash = ?'),
    removeDay: () => db.prepare<[string]>('DELETE FROM object_trash WHERE day = ?'),
  });
}

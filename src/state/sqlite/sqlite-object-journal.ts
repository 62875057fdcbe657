/** The ObjectJournal port over SQLite. */
import type Database from 'better-sqlite3';
import type { WebPath } from '../../core/paths.ts';
import type { DueDeletion, JournaledUpload, ObjectJournal } from '../../files/object-journal.ts';
import { type Connection, SqliteTables } from './sqlite-tables.ts';

export const objectJournalTables = `
  CREATE TABLE object_uploads (upload TEXT PRIMARY KEY, path TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE object_deletions (path TEXT PRIMARY KEY, due INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX object_deletions_by_due ON object_deletions (due);
  CREATE TABLE object_trash (day TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
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
}

function prepareStatements(db: Database.Database) {
  return {
    uploads: db.prepare<[], JournaledUpload>('SELECT upload AS uploadId, path FROM object_uploads'),
    addUpload: db.prepare<[string, string]>('INSERT OR REPLACE INTO object_uploads VALUES (?, ?)'),
    removeUpload: db.prepare<[string]>('DELETE FROM object_uploads WHERE upload = ?'),
    deleteLater: db.prepare<[string, number]>('INSERT OR IGNORE INTO object_deletions VALUES (?, ?)'),
    forgetDeletion: db.prepare<[string]>('DELETE FROM object_deletions WHERE path = ?'),
    deletion: db.prepare<[string], { readonly path: WebPath }>('SELECT path FROM object_deletions WHERE path = ?'),
    due: db.prepare<[number, number], DueDeletion>(
      'SELECT path, due AS dueMs FROM object_deletions WHERE due <= ? ORDER BY due, path LIMIT ?',
    ),
    days: db.prepare<[], { readonly day: string }>('SELECT day FROM object_trash ORDER BY day'),
    addDay: db.prepare<[string]>('INSERT OR IGNORE INTO object_trash VALUES (?)'),
    removeDay: db.prepare<[string]>('DELETE FROM object_trash WHERE day = ?'),
  };
}

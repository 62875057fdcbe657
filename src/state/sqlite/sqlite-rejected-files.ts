/** The RejectedFiles port over SQLite. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import type { RejectedFile, RejectedFileOf, RejectedFiles } from '../rejected-files.ts';
import { nameOf } from './checked-text.ts';
import { isDue } from './is-due.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

export const rejectedFilesTable = `
  CREATE TABLE odd_files (
    project TEXT NOT NULL,
    filename TEXT NOT NULL,
    problem TEXT NOT NULL,
    says TEXT NOT NULL,
    since INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_try INTEGER,
    PRIMARY KEY (project, filename)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX odd_files_by_next_try ON odd_files (next_try) WHERE next_try IS NOT NULL;
`;

interface RejectedFileRow {
  readonly project: string;
  readonly filename: string;
  readonly problem: string;
  readonly says: string;
  readonly since: number;
  readonly attempts: number;
  readonly next_try: number | null;
}

export class SqliteRejectedFiles extends SqliteTables<ReturnType<typeof prepareStatements>> implements RejectedFiles {
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  of(name: ProjectName): RejectedFile[] {
    return this.do(() => this.sql.of.all(name)).map(rejectedFileOf);
  }

  latest(limit: number): RejectedFileOf[] {
    return this.do(() => this.sql.latest.all(limit)).map((row) => ({
      project: nameOf(row.project),
      ...rejectedFileOf(row),
    }));
  }

  count(): number {
    return this.do(() => this.sql.count.get()) ?? 0;
  }

  enqueueDue(now: number): void {
    this.do(() => this.sql.enqueueDue.run({ now }));
  }

  /** Replaces the rejected files of a project. Within the transaction of the caller. */
  put(name: ProjectName, files: readonly RejectedFile[]): void {
    this.sql.delete.run(name);
    for (const { filename, problem, entryDigest: says, since, attempts, nextTry = null } of files) {
      this.sql.put.run(name, filename, problem, says, since, attempts, nextTry);
    }
  }
}

function rejectedFileOf({ filename, problem, says, since, attempts, next_try }: RejectedFileRow): RejectedFile {
  return { filename, problem, entryDigest: says, since, attempts, nextTry: next_try ?? undefined };
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    of: () => db.prepare<[string], RejectedFileRow>('SELECT * FROM odd_files WHERE project = ?'),
    latest: () =>
      db.prepare<[number], RejectedFileRow>('SELECT * FROM odd_files ORDER BY since DESC, project, filename LIMIT ?'),
    count: () => db.prepare<[], number>('SELECT count(*) FROM odd_files').pluck(),
    enqueueDue: () =>
      db.prepare<{ now: number }>(
        `INSERT INTO queue (name, display_name, serial, removed, since)
       SELECT name, display_name, coalesce(serial, 0), 0, :now FROM projects
       WHERE name IN (SELECT project FROM odd_files WHERE ${isDue})
       ON CONFLICT (name) DO NOTHING`,
      ),
    delete: () => db.prepare<[string]>('DELETE FROM odd_files WHERE project = ?'),
    put: () =>
      db.prepare<[string, string, string, string, number, number, number | null]>(
        `INSERT OR REPLACE INTO odd_files (project, filename, problem, says, since, attempts, next_try)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      ),
  });
}

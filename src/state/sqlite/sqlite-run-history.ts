/** The RunHistory port over SQLite. */
import type Database from 'better-sqlite3';
import type { RunHistory, RunRecord } from '../run-history.ts';
import { type Connection, SqliteTables } from './sqlite-tables.ts';

/** The number of runs that are remembered. */
const kept = 1000;

export class SqliteRunHistory extends SqliteTables<ReturnType<typeof prepareStatements>> implements RunHistory {
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  record({ startedMs, finishedMs, exitCode, summary }: RunRecord): void {
    this.transaction(() => {
      this.sql.add.run(startedMs, finishedMs, exitCode, summary);
      this.sql.forget.run(kept);
    });
  }

  latest(limit: number): RunRecord[] {
    return this.do(() => this.sql.latest.all(limit));
  }
}

function prepareStatements(db: Database.Database) {
  return {
    add: db.prepare<[number, number, number, string]>(
      'INSERT INTO runs (started, finished, exit_code, summary) VALUES (?, ?, ?, ?)',
    ),
    latest: db.prepare<[number], RunRecord>(
      `SELECT started AS startedMs, finished AS finishedMs, exit_code AS exitCode, summary
       FROM runs ORDER BY id DESC LIMIT ?`,
    ),
    forget: db.prepare<[number]>('DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?'),
  };
}

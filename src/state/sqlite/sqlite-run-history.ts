/** What runs did, in SQLite. */
import type Database from 'better-sqlite3';
import type { RunHistory, RunRecord } from '../run-history.ts';
import { asStorage } from './open-database.ts';

/** How many runs are remembered. */
const kept = 1000;

export class SqliteRunHistory implements RunHistory {
  readonly #db: Database.Database;
  readonly #sql: ReturnType<typeof prepareStatements>;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#sql = prepareStatements(db);
  }

  record({ startedMs, finishedMs, exitCode, summary }: RunRecord): void {
    const add = this.#db.transaction(() => {
      this.#sql.add.run(startedMs, finishedMs, exitCode, summary);
      this.#sql.forget.run(kept);
    });
    asStorage(this.#db.name, () => add.immediate());
  }

  latest(limit: number): RunRecord[] {
    return asStorage(this.#db.name, () => this.#sql.latest.all(limit));
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

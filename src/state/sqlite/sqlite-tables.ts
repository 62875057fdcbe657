/** The base of the parts of the state: each has its own tables in one database, and all share one connection. */
import type Database from 'better-sqlite3';
import type { Clock } from '../../core/clock.ts';
import { asStorage } from './open-database.ts';

/** The open database of a state. */
export interface Connection {
  readonly db: Database.Database;
  /** The path of the database, for messages. */
  readonly path: string;
  readonly clock: Clock;
}

/** A part of the state with its prepared statements. */
export abstract class SqliteTables<Statements> {
  protected readonly db: Database.Database;
  protected readonly clock: Clock;
  protected readonly sql: Statements;
  readonly #path: string;

  /** Prepares the statements; the tables must exist. Throws StorageError. */
  protected constructor({ db, path, clock }: Connection, prepare: (db: Database.Database) => Statements) {
    this.db = db;
    this.clock = clock;
    this.#path = path;
    this.sql = this.do(() => prepare(db));
  }

  /** Runs `work`, and turns SQLite's errors into StorageErrors. */
  protected do<T>(work: () => T): T {
    return asStorage(this.#path, work);
  }

  /** Runs `work` as one transaction, or as a part of the open one. */
  protected transaction(work: () => void): void {
    this.do(() => this.db.transaction(work).immediate());
  }
}

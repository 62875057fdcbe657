/** What the parts of the state have in common: each has tables of its own in one database, on one connection. */
import type Database from 'better-sqlite3';
import type { Clock } from '../../core/clock.ts';
import { asStorage } from './open-database.ts';

/** The open database of a state. */
export interface Connection {
  readonly db: Database.Database;
  /** Of the database, for messages. */
  readonly path: string;
  readonly clock: Clock;
}

/** A part of the state with its prepared statements. */
export abstract class SqliteTables<Statements> {
  protected readonly db: Database.Database;
  protected readonly clock: Clock;
  protected readonly sql: Statements;
  readonly #path: string;

  /** The tables must exist. Throws StorageError. */
  protected constructor({ db, path, clock }: Connection, prepare: (db: Database.Database) => Statements) {
    this.db = db;
    this.clock = clock;
    this.#path = path;
    this.sql = this.do(() => prepare(db));
  }

  /** Runs `work`; SQLite's errors become StorageErrors. */
  protected do<T>(work: () => T): T {
    return asStorage(this.#path, work);
  }

  /** Runs `work` as one transaction, or as a part of the one that is open. */
  protected transaction(work: () => void): void {
    this.do(() => this.db.transaction(work).immediate());
  }
}

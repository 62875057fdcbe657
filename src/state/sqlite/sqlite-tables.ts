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
  readonly #path: string;
  readonly #prepare: (db: Database.Database) => Statements;
  #statements: Statements | undefined;

  /** `prepare` is called when the first statement is used. */
  protected constructor({ db, path, clock }: Connection, prepare: (db: Database.Database) => Statements) {
    this.db = db;
    this.clock = clock;
    this.#path = path;
    this.#prepare = prepare;
  }

  protected get sql(): Statements {
    this.#statements ??= this.do(() => this.#prepare(this.db));
    return this.#statements;
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

/** Returns an object whose properties are made when they are first read: a short run uses a quarter of its statements. */
export function onFirstUse<T extends object>(makers: { readonly [Key in keyof T]: () => T[Key] }): T {
  const made = {} as T;
  for (const key of Object.keys(makers) as (keyof T)[]) {
    const get = (): T[keyof T] => {
      const value = makers[key]();
      Object.defineProperty(made, key, { value });
      return value;
    };
    Object.defineProperty(made, key, { get, configurable: true });
  }
  return made;
}

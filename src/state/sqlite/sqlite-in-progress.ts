/** Which projects are worked on, in the queue's table in SQLite. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import type { InProgress } from '../in-progress.ts';
import { asStorage } from './open-database.ts';
import { nameOf } from './rows.ts';
import { isDue } from './statements.ts';

export class SqliteUnderWay implements InProgress {
  readonly #path: string;
  readonly #sql: ReturnType<typeof prepareStatements>;

  constructor(db: Database.Database) {
    this.#path = db.name;
    this.#sql = prepareStatements(db);
  }

  begin(name: ProjectName): void {
    asStorage(this.#path, () => this.#sql.begin.run(name));
  }

  end(): void {
    asStorage(this.#path, () => this.#sql.end.run());
  }

  countCrashes(): ProjectName[] {
    return asStorage(this.#path, () => this.#sql.countDeaths.all().map(nameOf));
  }

  crashSuspects(now: number): ProjectName[] {
    return asStorage(this.#path, () => this.#sql.doubtful.all(now, now).map(nameOf));
  }
}

function prepareStatements(db: Database.Database) {
  return {
    begin: db.prepare<[string]>('UPDATE queue SET under_way = 1 WHERE name = ?'),
    end: db.prepare<[]>('UPDATE queue SET under_way = 0 WHERE under_way = 1'),
    countDeaths: db
      .prepare<[], string>('UPDATE queue SET deaths = deaths + 1, under_way = 0 WHERE under_way = 1 RETURNING name')
      .pluck(),
    doubtful: db
      .prepare<[number, number], string>(`SELECT name FROM queue WHERE deaths > 0 AND ${isDue} ORDER BY deaths, name`)
      .pluck(),
  };
}

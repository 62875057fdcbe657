/** The InProgress port over SQLite, in the table of the queue. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import type { InProgress } from '../in-progress.ts';
import { nameOf } from './checked-text.ts';
import { isDue } from './is-due.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

export class SqliteInProgress extends SqliteTables<ReturnType<typeof prepareStatements>> implements InProgress {
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  begin(name: ProjectName): void {
    this.do(() => this.sql.begin.run(name));
  }

  end(): void {
    this.do(() => this.sql.end.run());
  }

  countCrashes(): ProjectName[] {
    return this.do(() => this.sql.countDeaths.all().map(nameOf));
  }

  crashSuspects(now: number): ProjectName[] {
    return this.do(() => this.sql.crashSuspects.all({ now }).map(nameOf));
  }
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    begin: () => db.prepare<[string]>('UPDATE queue SET under_way = 1 WHERE name = ?'),
    end: () => db.prepare<[]>('UPDATE queue SET under_way = 0 WHERE under_way = 1'),
    countDeaths: () =>
      db
        .prepare<[], string>('UPDATE queue SET deaths = deaths + 1, under_way = 0 WHERE under_way = 1 RETURNING name')
        .pluck(),
    crashSuspects: () =>
      db
        .prepare<{ now: number }, string>(`SELECT name FROM queue WHERE deaths > 0 AND ${isDue} ORDER BY deaths, name`)
        .pluck(),
  });
}

/** The ChangelogEntries port over SQLite. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import { type ChangelogEntries, type ChangelogEntry, notListed } from '../changelog-entries.ts';
import { nameOf } from './checked-text.ts';
import { isDue } from './is-due.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

interface AnnouncementRow {
  readonly serial: number;
  readonly version: string | null;
  readonly action: string | null;
  readonly at: number;
}

export class SqliteChangelogEntries
  extends SqliteTables<ReturnType<typeof prepareStatements>>
  implements ChangelogEntries
{
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  of(name: ProjectName): ChangelogEntry[] {
    return this.do(() => this.sql.of.all(name)).map(({ serial, version, action, at }) => {
      return { serial, version: version ?? undefined, action: action ?? undefined, at };
    });
  }

  unconfirmedAbsences(absentBefore: number, removedBefore: number): ProjectName[] {
    const now = this.clock.now();
    return this.do(() => this.sql.unconfirmedAbsences.all({ absentBefore, removedBefore, now })).map(({ name }) =>
      nameOf(name),
    );
  }

  markUnlisted(names: readonly ProjectName[], listSerial: number | undefined): void {
    this.transaction(() => {
      for (const name of names) {
        this.sql.gone.run(name);
        this.add(name, [{ serial: listSerial ?? 0, version: undefined, action: notListed, at: this.clock.now() }]);
      }
    });
  }

  markListed(names: readonly ProjectName[]): void {
    this.transaction(() => {
      for (const name of names) {
        this.sql.back.run(name);
        this.forgetRemoval(name);
      }
    });
  }

  forgetAbove(serial: number): void {
    this.do(() => this.sql.forgetAbove.run(serial));
  }

  forgetBefore(time: number): void {
    this.do(() => this.sql.forget.run(time));
  }

  /** Within the transaction of the caller. */
  add(name: ProjectName, rows: readonly ChangelogEntry[]): void {
    for (const { serial, version, action, at } of rows) {
      this.sql.add.run(name, serial, version ?? null, action ?? null, at);
    }
  }

  /** Within the transaction of the caller. */
  forgetRemoval(name: ProjectName): void {
    this.sql.forgetRemoval.run(name);
  }

  /** Forgets entries up to `serial` of a finished project, except removals. Within the transaction of the caller. */
  settle(name: ProjectName, serial: number): void {
    this.sql.settle.run(name, serial);
  }
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    add: () =>
      db.prepare<[string, number, string | null, string | null, number]>(
        'INSERT INTO announced (project, serial, version, action, at) VALUES (?, ?, ?, ?, ?)',
      ),
    of: () =>
      db.prepare<[string], AnnouncementRow>(
        'SELECT serial, version, action, at FROM announced WHERE project = ? ORDER BY id',
      ),
    unconfirmedAbsences: () =>
      db.prepare<{ absentBefore: number; removedBefore: number; now: number }, { name: string }>(
        `SELECT q.name FROM queue q LEFT JOIN projects p ON p.name = q.name
       WHERE obstacle IN ('absent', 'stale', 'failed')
         AND since <= iif(obstacle = 'absent', :absentBefore, :removedBefore)
         AND ${isDue} AND coalesce(restored, 0) = 0
         AND (p.name IS NOT NULL OR EXISTS (SELECT 1 FROM unsettled WHERE project = q.name))
         AND iif(obstacle = 'absent', removed = 0,
           EXISTS (SELECT 1 FROM announced WHERE project = q.name AND action = 'remove project'))`,
      ),
    gone: () => db.prepare<[string]>('UPDATE queue SET removed = 1, next_try = 0 WHERE name = ?'),
    back: () => db.prepare<[string]>('UPDATE queue SET removed = 0, next_try = 0 WHERE name = ?'),
    forgetAbove: () => db.prepare<[number]>('DELETE FROM announced WHERE serial > ?'),
    forget: () =>
      db.prepare<[number]>('DELETE FROM announced WHERE at < ? AND project NOT IN (SELECT name FROM queue)'),
    forgetRemoval: () => db.prepare<[string]>("DELETE FROM announced WHERE project = ? AND action = 'remove project'"),
    settle: () =>
      db.prepare<[string, number]>(
        "DELETE FROM announced WHERE project = ? AND serial <= ? AND action IS NOT 'remove project'",
      ),
  });
}

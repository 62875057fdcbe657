/** The PublishedChanges port over SQLite. */
import type Database from 'better-sqlite3';
import { changesKept, type PublishedChange, type PublishedChanges } from '../published-changes.ts';
import { nameOf } from './checked-text.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

export const changeTables = `
  CREATE TABLE change_log (id TEXT NOT NULL) STRICT;
  INSERT INTO change_log VALUES (lower(hex(randomblob(16))));

  -- The latest row is never deleted, so that no number is given twice.
  CREATE TABLE changes (
    number INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    display_name TEXT NOT NULL,
    serial INTEGER,
    at INTEGER NOT NULL,
    removed TEXT,
    quarantined TEXT
  ) STRICT;
`;

interface ChangeRow {
  readonly number: number;
  readonly project: string;
  readonly display_name: string;
  readonly serial: number | null;
  readonly at: number;
  readonly removed: string | null;
  readonly quarantined: string | null;
}

export class SqlitePublishedChanges
  extends SqliteTables<ReturnType<typeof prepareStatements>>
  implements PublishedChanges
{
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  id(): string {
    return this.do(() => this.sql.id.get()) ?? '';
  }

  last(): number {
    return this.do(() => this.sql.last.get()) ?? 0;
  }

  after(number: number, limit: number): PublishedChange[] {
    return this.do(() => this.sql.after.all(number, limit)).map(changeOf);
  }

  renew(): void {
    this.transaction(() => {
      this.sql.clear.run();
      this.sql.newId.run();
    });
  }

  /** Within the transaction of the caller. */
  add({
    project,
    displayName,
    serial,
    removed,
    quarantined,
  }: Pick<PublishedChange, 'project' | 'displayName' | 'serial' | 'removed' | 'quarantined'>): void {
    const files = quarantined.length === 0 ? null : JSON.stringify(quarantined);
    this.sql.add.run(project, displayName, serial ?? null, this.clock.now(), removed ?? null, files);
    this.sql.forget.run(changesKept);
  }
}

function changeOf({ number, project, display_name, serial, at, removed, quarantined }: ChangeRow): PublishedChange {
  return {
    number,
    project: nameOf(project),
    displayName: display_name,
    serial: serial ?? undefined,
    at,
    removed: removed ?? undefined,
    quarantined: quarantined === null ? [] : (JSON.parse(quarantined) as string[]),
  };
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    id: () => db.prepare<[], string>('SELECT id FROM change_log').pluck(),
    newId: () => db.prepare<[]>('UPDATE change_log SET id = lower(hex(randomblob(16)))'),
    clear: () => db.prepare<[]>('DELETE FROM changes'),
    last: () => db.prepare<[], number>('SELECT max(number) FROM changes').pluck(),
    after: () =>
      db.prepare<[number, number], ChangeRow>('SELECT * FROM changes WHERE number > ? ORDER BY number LIMIT ?'),
    add: () =>
      db.prepare<[string, string, number | null, number, string | null, string | null]>(
        'INSERT INTO changes (project, display_name, serial, at, removed, quarantined) VALUES (?, ?, ?, ?, ?, ?)',
      ),
    forget: () => db.prepare<[number]>('DELETE FROM changes WHERE number <= (SELECT max(number) FROM changes) - ?'),
  });
}

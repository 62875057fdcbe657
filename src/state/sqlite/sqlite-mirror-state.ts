/** The sections of the state about the mirror as a whole, in SQLite: one row for each key, as JSON. */
import type Database from 'better-sqlite3';
import type { Change, Section } from '../state-section.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

export class SqliteMirrorState extends SqliteTables<ReturnType<typeof prepareStatements>> {
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  /** Reads the table each time, because triggers delete keys. */
  get<T extends object>({ keys }: Section<T>): T {
    const rows = this.do(() => this.sql.of.all(JSON.stringify(keys)));
    return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value) as unknown])) as T;
  }

  set(change: Change): void {
    this.transaction(() => this.put(change));
  }

  /** Within the transaction of the caller. */
  put({ values }: Change): void {
    for (const [key, value] of Object.entries(values)) {
      if (value === undefined) this.sql.delete.run(key);
      else this.sql.put.run(key, JSON.stringify(value));
    }
  }
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    of: () =>
      db.prepare<[string], { key: string; value: string }>(
        'SELECT key, value FROM mirror WHERE key IN (SELECT value FROM json_each(?))',
      ),
    put: () => db.prepare<[string, string]>('INSERT OR REPLACE INTO mirror (key, value) VALUES (?, ?)'),
    delete: () => db.prepare<[string]>('DELETE FROM mirror WHERE key = ?'),
  });
}

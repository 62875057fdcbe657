/** What is remembered about the mirror as a whole, in SQLite: one row for each member, as JSON. */
import type Database from 'better-sqlite3';
import type { MirrorState } from '../mirror-state.ts';
import { type Connection, SqliteTables } from './sqlite-tables.ts';

export class SqliteMirrorState extends SqliteTables<ReturnType<typeof prepareStatements>> {
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  read(): MirrorState {
    const rows = this.do(() => this.sql.all.all());
    return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value) as unknown])) as MirrorState;
  }

  remember(state: MirrorState): void {
    this.transaction(() => this.put(state));
  }

  /** Within the transaction of the caller. */
  put(state: MirrorState): void {
    for (const [key, value] of Object.entries(state)) {
      if (value === undefined) this.sql.delete.run(key);
      else this.sql.put.run(key, JSON.stringify(value));
    }
  }
}

function prepareStatements(db: Database.Database) {
  return {
    all: db.prepare<[], { key: string; value: string }>('SELECT key, value FROM mirror'),
    put: db.prepare<[string, string]>('INSERT OR REPLACE INTO mirror (key, value) VALUES (?, ?)'),
    delete: db.prepare<[string]>('DELETE FROM mirror WHERE key = ?'),
  };
}

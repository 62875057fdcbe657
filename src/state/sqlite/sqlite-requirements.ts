/** The Requirements port over SQLite. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import type { Requirements, Requires, Wants } from '../requirements.ts';
import { type Change, noChange } from '../state-section.ts';
import type { SqliteMirrorState } from './sqlite-mirror-state.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

export class SqliteRequirements extends SqliteTables<ReturnType<typeof prepareStatements>> implements Requirements {
  readonly #mirror: SqliteMirrorState;

  constructor(connection: Connection, mirror: SqliteMirrorState) {
    super(connection, prepareStatements);
    this.#mirror = mirror;
  }

  set(name: ProjectName, edges: string | undefined): void {
    this.do(() => (edges === undefined ? this.delete(name) : this.sql.putRequires.run(name, edges)));
  }

  all(): Iterable<Requires> {
    return this.do(() => this.sql.requires.iterate());
  }

  rememberWants(all: Iterable<Wants>, change: Change = noChange): void {
    this.transaction(() => {
      // Unchanged rows are not written.
      const gone = new Set(this.sql.wanted.all());
      for (const { name, wants } of all) {
        this.sql.putWants.run(name, wants);
        gone.delete(name);
      }
      for (const name of gone) this.sql.deleteWants.run(name);
      this.#mirror.put(change);
    });
  }

  wantsOf(name: ProjectName): string | undefined {
    return this.do(() => this.sql.wantsOf.get(name));
  }

  /** Within the transaction of the caller. */
  delete(name: ProjectName): void {
    this.sql.deleteRequires.run(name);
  }
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    putRequires: () =>
      db.prepare<[string, string]>(
        `INSERT INTO requires (project, edges) VALUES (?, ?)
       ON CONFLICT (project) DO UPDATE SET edges = excluded.edges WHERE edges <> excluded.edges`,
      ),
    deleteRequires: () => db.prepare<[string]>('DELETE FROM requires WHERE project = ?'),
    requires: () => db.prepare<[], Requires>('SELECT project AS name, edges FROM requires'),
    putWants: () =>
      db.prepare<[string, string]>(
        `INSERT INTO wants (project, wants) VALUES (?, ?)
       ON CONFLICT (project) DO UPDATE SET wants = excluded.wants WHERE wants <> excluded.wants`,
      ),
    wanted: () => db.prepare<[], string>('SELECT project FROM wants').pluck(),
    deleteWants: () => db.prepare<[string]>('DELETE FROM wants WHERE project = ?'),
    wantsOf: () => db.prepare<[string], string>('SELECT wants FROM wants WHERE project = ?').pluck(),
  });
}

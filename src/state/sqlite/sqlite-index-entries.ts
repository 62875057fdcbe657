/** The IndexEntries port over SQLite. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import type { IndexEntry } from '../../formats/simple/root-index.ts';
import type { IndexEntries } from '../index-entries.ts';
import type { Change } from '../state-section.ts';
import { nameOf } from './checked-text.ts';
import { type EntryRow, entryOf } from './sqlite-held-projects.ts';
import type { SqliteMirrorState } from './sqlite-mirror-state.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

/**
 * The projects whose entries have changed, added by version 6. Triggers see every way in which they change. OR IGNORE
 * would not be in force where a statement with a conflict clause of its own fires them.
 */
export const changedEntriesTable = `
  CREATE TABLE changed_entries (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TRIGGER entry_added AFTER INSERT ON projects WHEN EXISTS (SELECT 1 FROM mirror WHERE key = 'rootPieces') BEGIN
    INSERT INTO changed_entries VALUES (new.name) ON CONFLICT (name) DO NOTHING;
  END;
  CREATE TRIGGER entry_deleted AFTER DELETE ON projects WHEN EXISTS (SELECT 1 FROM mirror WHERE key = 'rootPieces') BEGIN
    INSERT INTO changed_entries VALUES (old.name) ON CONFLICT (name) DO NOTHING;
  END;
  CREATE TRIGGER entry_changed AFTER UPDATE OF display_name, serial ON projects
    WHEN (new.display_name <> old.display_name OR new.serial IS NOT old.serial)
      AND EXISTS (SELECT 1 FROM mirror WHERE key = 'rootPieces') BEGIN
    INSERT INTO changed_entries VALUES (new.name) ON CONFLICT (name) DO NOTHING;
  END;
`;

export class SqliteIndexEntries extends SqliteTables<ReturnType<typeof prepareStatements>> implements IndexEntries {
  readonly #mirror: SqliteMirrorState;

  constructor(connection: Connection, mirror: SqliteMirrorState) {
    super(connection, prepareStatements);
    this.#mirror = mirror;
  }

  within(from: string, before: string | undefined): IndexEntry[] {
    const rows =
      before === undefined ? this.do(() => this.sql.from.all(from)) : this.do(() => this.sql.within.all(from, before));
    return rows.map(entryOf);
  }

  changed(limit: number): ProjectName[] {
    return this.do(() => this.sql.changed.all(limit)).map(nameOf);
  }

  commit(listed: readonly ProjectName[] | 'all', change: Change): void {
    this.transaction(() => {
      if (listed === 'all') this.sql.forgetAll.run();
      else for (const name of listed) this.sql.forget.run(name);
      this.#mirror.put(change);
    });
  }
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    within: () =>
      db.prepare<[string, string], EntryRow>(
        'SELECT name, display_name, serial FROM projects WHERE name >= ? AND name < ? ORDER BY name',
      ),
    from: () =>
      db.prepare<[string], EntryRow>('SELECT name, display_name, serial FROM projects WHERE name >= ? ORDER BY name'),
    changed: () => db.prepare<[number], string>('SELECT name FROM changed_entries ORDER BY name LIMIT ?').pluck(),
    forget: () => db.prepare<[string]>('DELETE FROM changed_entries WHERE name = ?'),
    forgetAll: () => db.prepare<[]>('DELETE FROM changed_entries'),
  });
}

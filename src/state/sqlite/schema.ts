/**
 * The tables of `state.db`. Everything in them can be rebuilt from `web/` and upstream.
 *
 *   mirror    one row per key of the sections in mirror-state.ts
 *   projects  published projects with serial and ETag, and their source if it is not the upstream
 *   files     files held under web/packages
 *   unsettled pending files, which may be under web/packages although they are not held
 *   queue     projects to be synced; `next_try` > now means parked; `deaths` counts runs that crashed meanwhile
 *   plans     decisions of a partial mirror about projects, and the pages they were made for
 *   requires  requirements of the held releases of a project
 *   wants     wants on a project because others require it
 *   removed   removals and their reasons
 *   announced entries of upstream's changelog about queued projects, and about removals
 *   page*, seen_pages   the hashes of the published pages; see page-hash-schema.ts
 *   unproven  files whose provenance does not prove their origin
 *   odd_files rejected files; see sqlite-rejected-files.ts
 *   change*   published changes, for others that mirror from this mirror; see sqlite-published-changes.ts
 *   changed_entries   projects whose entries in the root index have changed; see sqlite-index-entries.ts
 *   proven    numbers of held files by provenance; see provenance-number.ts
 *   totals    numbers of held projects, files and bytes
 *   runs, days   history of runs, and of what was held each day; see sqlite-run-history.ts
 *   object_*  what is still to be done in an object store, and ETags of what was put; see sqlite-object-journal.ts
 *   stats_*   counts of processlogs; see stats-schema.ts
 */
import type Database from 'better-sqlite3';
import { StorageError } from '../../core/errors.ts';
import { addPageTables, addSeenTable } from './page-hash-schema.ts';
import { changedEntriesTable } from './sqlite-index-entries.ts';
import { objectJournalTables } from './sqlite-object-journal.ts';
import { changeTables } from './sqlite-published-changes.ts';
import { rejectedFilesTable } from './sqlite-rejected-files.ts';
import { historyTables, storeUsageColumns } from './sqlite-run-history.ts';
import { logsThatBeginAlike, statsTables } from './stats-schema.ts';
import { upgradeCounts } from './upgrade-counts.ts';

/** The version of the schema, stored as SQLite's user_version. */
const version = 8;

const tables = `
  CREATE TABLE mirror (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE projects (
    name TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    serial INTEGER,
    etag TEXT,
    status TEXT NOT NULL,
    seen INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX projects_by_seen ON projects (seen);

  CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    metadata_sha256 BLOB,
    provenance INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX files_by_project ON files (project);

  CREATE TABLE queue (
    name TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    serial INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    since INTEGER NOT NULL,
    obstacle TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try INTEGER NOT NULL DEFAULT 0,
    reason TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX queue_removed ON queue (name) WHERE removed = 1;

  -- Kept by triggers, because counting millions of rows would be the slowest part of a run without changes.
  CREATE TABLE totals (projects INTEGER NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
  INSERT INTO totals VALUES (0, 0, 0);
  CREATE TRIGGER project_added AFTER INSERT ON projects BEGIN UPDATE totals SET projects = projects + 1; END;
  CREATE TRIGGER project_deleted AFTER DELETE ON projects BEGIN UPDATE totals SET projects = projects - 1; END;
  CREATE TRIGGER file_added AFTER INSERT ON files BEGIN
    UPDATE totals SET files = files + 1, bytes = bytes + new.size;
  END;
  CREATE TRIGGER file_deleted AFTER DELETE ON files BEGIN
    UPDATE totals SET files = files - 1, bytes = bytes - old.size;
  END;
  CREATE TRIGGER file_changed AFTER UPDATE OF size ON files BEGIN
    UPDATE totals SET bytes = bytes + new.size - old.size;
  END;

  CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    exit_code INTEGER NOT NULL,
    summary TEXT NOT NULL
  ) STRICT;
`;

/** The tables of plans, added by version 2. A project without a plan is held as a whole. */
const planTables = `
  ALTER TABLE queue ADD COLUMN replan INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE plans (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL UNIQUE,
    decision TEXT NOT NULL,
    next_change INTEGER,
    rule TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    page BLOB
  ) STRICT;
  -- Holds all that the sums by rule need: the rows themselves are long.
  CREATE INDEX plans_by_rule ON plans (rule, bytes);
  CREATE INDEX plans_by_next_change ON plans (next_change) WHERE next_change IS NOT NULL;

  CREATE TABLE requires (project TEXT PRIMARY KEY, edges TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Throws StorageError unless the database has the tables of this version. */
export function expectSchema(db: Database.Database, path: string): void {
  const found = db.pragma('user_version', { simple: true });
  if (found === version) return;
  const advice =
    Number(found) < version
      ? 'the next run of pep381run brings it up to date'
      : 'it belongs to a newer pep381client: install that one, or restore a backup from before';
  throw new StorageError(`${path}: expected schema version ${version}, found ${found}: ${advice}`);
}

/** The removal log and the mark of restored projects, added by version 3. */
const removalTables = `
  ALTER TABLE projects ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE removed (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    path TEXT,
    sha256 BLOB,
    at INTEGER NOT NULL,
    why TEXT NOT NULL
  ) STRICT;
  CREATE INDEX removed_by_project ON removed (project, path);
  CREATE INDEX removed_by_time ON removed (at);
`;

/** The result digest of plans and the wants on projects, added by version 3. */
const outcomeTables = `
  ALTER TABLE plans ADD COLUMN outcome TEXT;

  CREATE TABLE wants (project TEXT PRIMARY KEY, wants TEXT NOT NULL) STRICT, WITHOUT ROWID;
  -- Wants follow from the published projects and from what those require: where either changes, they may be others.
  CREATE TRIGGER requires_added AFTER INSERT ON requires BEGIN DELETE FROM mirror WHERE key = 'wantsOf'; END;
  CREATE TRIGGER requires_changed AFTER UPDATE ON requires BEGIN DELETE FROM mirror WHERE key = 'wantsOf'; END;
  CREATE TRIGGER requires_deleted AFTER DELETE ON requires BEGIN DELETE FROM mirror WHERE key = 'wantsOf'; END;
  CREATE TRIGGER wants_of_added AFTER INSERT ON projects BEGIN DELETE FROM mirror WHERE key = 'wantsOf'; END;
  CREATE TRIGGER wants_of_deleted AFTER DELETE ON projects BEGIN DELETE FROM mirror WHERE key = 'wantsOf'; END;
`;

/** The table of pending files, which a killed run may leave in the tree, added by version 3. */
const unsettledTable = `
  CREATE TABLE unsettled (project TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (project, path)) STRICT, WITHOUT ROWID;
`;

/** The tables of provenance, added by version 3. */
const provenanceTables = `
  CREATE TABLE unproven (
    project TEXT NOT NULL,
    filename TEXT NOT NULL,
    why TEXT NOT NULL,
    left_out INTEGER NOT NULL,
    PRIMARY KEY (project, filename)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE proven (provenance INTEGER PRIMARY KEY, files INTEGER NOT NULL) STRICT;
  INSERT INTO proven SELECT provenance, count(*) FROM files GROUP BY provenance;
  CREATE TRIGGER proven_added AFTER INSERT ON files BEGIN
    INSERT INTO proven VALUES (new.provenance, 1) ON CONFLICT (provenance) DO UPDATE SET files = files + 1;
  END;
  CREATE TRIGGER proven_deleted AFTER DELETE ON files BEGIN
    UPDATE proven SET files = files - 1 WHERE provenance = old.provenance;
  END;
  CREATE TRIGGER proven_changed AFTER UPDATE OF provenance ON files WHEN new.provenance <> old.provenance BEGIN
    UPDATE proven SET files = files - 1 WHERE provenance = old.provenance;
    INSERT INTO proven VALUES (new.provenance, 1) ON CONFLICT (provenance) DO UPDATE SET files = files + 1;
  END;
`;

/** The columns of projects in progress and of crashes, added by version 4. */
const deathColumns = `
  ALTER TABLE queue ADD COLUMN under_way INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE queue ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX queue_under_way ON queue (name) WHERE under_way = 1;
  CREATE INDEX queue_doubtful ON queue (name) WHERE deaths > 0;
`;

/** The table of entries of upstream's changelog, added by version 4. */
const announcedTable = `
  CREATE TABLE announced (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    serial INTEGER NOT NULL,
    version TEXT,
    action TEXT,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX announced_by_project ON announced (project);
`;

/** The source of projects that are not from the mirror's upstream, added by version 5. */
const sourceColumn = `
  ALTER TABLE projects ADD COLUMN source TEXT;
  CREATE INDEX projects_by_source ON projects (source) WHERE source IS NOT NULL;
`;

/**
 * The index of parked projects, added by version 7: a queue of a million projects may have few of them, or a million.
 */
const parkedIndex = `
  CREATE INDEX queue_parked ON queue (since, name, obstacle, attempts) WHERE attempts > 0;
`;

/** The steps that upgrade a database by one version each; the first creates a new one. */
const steps: readonly ((db: Database.Database, isNew: boolean) => void)[] = [
  (db) => db.exec(tables + statsTables),
  (db, isNew) => {
    if (!isNew) upgradeCounts(db);
    db.exec(planTables);
  },
  (db) => {
    db.exec(removalTables + outcomeTables + unsettledTable + provenanceTables);
    addPageTables(db);
  },
  (db) => {
    db.exec(deathColumns + rejectedFilesTable + announcedTable);
    addSeenTable(db);
  },
  (db) => db.exec(logsThatBeginAlike + changeTables + sourceColumn),
  (db) => db.exec(changedEntriesTable),
  (db) => db.exec(historyTables + parkedIndex),
  (db) => db.exec(storeUsageColumns + objectJournalTables),
];

/** Creates the tables in a new database, or upgrades an older one. Throws StorageError if the database is newer. */
export function prepareSchema(db: Database.Database): void {
  const found = versionOf(db);
  if (found === version) return;
  if (!(found >= 0 && found < version)) {
    throw new StorageError(
      `${db.name}: expected schema version ${version}, found ${found}; it was written by another pep381client: use that one`,
    );
  }
  db.transaction(() => {
    // Another program may have upgraded it meanwhile.
    const now = versionOf(db);
    for (const step of steps.slice(now)) step(db, now === 0);
    db.pragma(`user_version = ${version}`);
  }).immediate();
}

function versionOf(db: Database.Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

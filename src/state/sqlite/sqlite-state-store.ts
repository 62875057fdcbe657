/** The StateStore port over SQLite in WAL mode: readers never wait, and what a crash loses is repeated anyway. */
import type Database from 'better-sqlite3';
import type { Clock } from '../../core/clock.ts';
import type { Change, Section } from '../state-section.ts';
import type { FinishedProject, StateStore, Totals } from '../state-store.ts';
import { finishProject } from './finish-project.ts';
import { type OpenStateOptions, openState } from './open-state.ts';
import { SqliteChangelogEntries } from './sqlite-changelog-entries.ts';
import { SqliteHeldProjects } from './sqlite-held-projects.ts';
import { SqliteInProgress } from './sqlite-in-progress.ts';
import { SqliteIndexEntries } from './sqlite-index-entries.ts';
import { SqliteMirrorState } from './sqlite-mirror-state.ts';
import { SqliteObjectJournal } from './sqlite-object-journal.ts';
import { SqlitePageHashes } from './sqlite-page-hashes.ts';
import { SqlitePlans } from './sqlite-plans.ts';
import { SqliteProvenanceRecords } from './sqlite-provenance-records.ts';
import { SqlitePublishedChanges } from './sqlite-published-changes.ts';
import { SqliteQueue } from './sqlite-queue.ts';
import { SqliteRejectedFiles } from './sqlite-rejected-files.ts';
import { SqliteRemovalLog } from './sqlite-removal-log.ts';
import { SqliteRequirements } from './sqlite-requirements.ts';
import { SqliteRunHistory } from './sqlite-run-history.ts';
import { onFirstUse, SqliteTables } from './sqlite-tables.ts';

const noTotals: Totals = { projects: 0, files: 0, bytes: 0, queued: 0, parked: 0, heldBack: 0 };

export class SqliteStateStore extends SqliteTables<ReturnType<typeof prepareStatements>> implements StateStore {
  readonly queue: SqliteQueue;
  readonly inProgress: SqliteInProgress;
  readonly held: SqliteHeldProjects;
  readonly plans: SqlitePlans;
  readonly requirements: SqliteRequirements;
  readonly provenance: SqliteProvenanceRecords;
  readonly removals: SqliteRemovalLog;
  readonly changelog: SqliteChangelogEntries;
  readonly pages: SqlitePageHashes;
  readonly rejectedFiles: SqliteRejectedFiles;
  readonly publishedChanges: SqlitePublishedChanges;
  readonly indexEntries: SqliteIndexEntries;
  readonly history: SqliteRunHistory;
  readonly objects: SqliteObjectJournal;
  readonly #mirror: SqliteMirrorState;

  /** Opens or creates the database at `path`, or one in memory for ':memory:'. Throws StorageError. */
  constructor(path: string, clock: Clock, options: OpenStateOptions = {}) {
    const connection = { db: openState(path, options), path, clock };
    super(connection, prepareStatements);
    const mirror = new SqliteMirrorState(connection);
    this.#mirror = mirror;
    this.held = new SqliteHeldProjects(connection);
    this.changelog = new SqliteChangelogEntries(connection);
    this.queue = new SqliteQueue(connection, { mirror, held: this.held, changelog: this.changelog });
    this.inProgress = new SqliteInProgress(connection);
    this.plans = new SqlitePlans(connection, { mirror, queue: this.queue });
    this.requirements = new SqliteRequirements(connection, mirror);
    this.provenance = new SqliteProvenanceRecords(connection);
    this.removals = new SqliteRemovalLog(connection);
    this.pages = new SqlitePageHashes(connection);
    this.rejectedFiles = new SqliteRejectedFiles(connection);
    this.publishedChanges = new SqlitePublishedChanges(connection);
    this.indexEntries = new SqliteIndexEntries(connection, mirror);
    this.history = new SqliteRunHistory(connection);
    this.objects = new SqliteObjectJournal(connection);
  }

  get<T extends object>(of: Section<T>): T {
    return this.#mirror.get(of);
  }

  set(change: Change): void {
    this.#mirror.set(change);
  }

  finish(projects: readonly FinishedProject[]): void {
    this.transaction(() => {
      for (const project of projects) finishProject(this, project);
    });
  }

  totals(): Totals {
    return this.do(() => this.sql.totals.get() ?? noTotals);
  }

  close(): void {
    this.db.close();
  }
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    totals: () =>
      db.prepare<[], Totals>(
        `SELECT projects, files, bytes, (SELECT count(*) FROM queue) AS queued,
         (SELECT count(*) FROM queue WHERE attempts > 0) AS parked,
         (SELECT count(*) FROM queue WHERE attempts > 0 AND obstacle IN ('held-back', 'removal-held-back')) AS heldBack
       FROM totals`,
      ),
  });
}

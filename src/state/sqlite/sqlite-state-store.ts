/** The StateStore port over SQLite, in WAL mode: readers never wait, and a crash loses at most what is repeated anyway. */
import { existsSync } from 'node:fs';
import type Database from 'better-sqlite3';
import type { Clock } from '../../core/clock.ts';
import type { ProjectName } from '../../core/names.ts';
import type { WebPath } from '../../core/paths.ts';
import type { IndexEntry } from '../../formats/root-index.ts';
import type {
  Due,
  Finished,
  HeldFile,
  HeldProject,
  ListTakeover,
  MirrorState,
  Parked,
  RunRecord,
  StateStore,
  Totals,
  Wanted,
} from '../state-store.ts';
import { takeOverList } from './list-takeover.ts';
import { asStorage, openDatabase } from './open-database.ts';
import { dueOf, fileOf } from './rows.ts';
import { prepareSchema } from './schema.ts';
import { prepareStatements, type Statements } from './statements.ts';

/** How many runs are remembered. */
const runsKept = 1000;

export interface SqliteStateStoreOptions {
  /** The SQLite addon, where it is not in node_modules. */
  readonly nativeBinding?: string | undefined;
  /** Forgets at the end all that was written, for a dry run. */
  readonly discard?: boolean;
}

export class SqliteStateStore implements StateStore {
  readonly #db: Database.Database;
  readonly #clock: Clock;
  readonly #sql: Statements;

  /** Opens or creates the database at `path`, or one in memory for ':memory:'. Throws StorageError. */
  constructor(path: string, clock: Clock, { nativeBinding, discard = false }: SqliteStateStoreOptions = {}) {
    this.#db = openDatabase(discard && !existsSync(path) ? ':memory:' : path, nativeBinding);
    this.#clock = clock;
    try {
      this.#sql = this.#do(() => {
        this.#db.pragma('journal_mode = WAL');
        this.#db.pragma('synchronous = NORMAL');
        prepareSchema(this.#db);
        // Never committed: all later transactions are steps within this one.
        if (discard) this.#db.exec('BEGIN');
        return prepareStatements(this.#db);
      });
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  mirror(): MirrorState {
    const rows = this.#do(() => this.#sql.mirror.all());
    return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value) as unknown])) as MirrorState;
  }

  remember(state: MirrorState): void {
    this.#transaction(() => this.#remember(state));
  }

  enqueue(wanted: readonly Wanted[], state: MirrorState): void {
    this.#transaction(() => {
      const now = this.#clock.now();
      for (const { name, displayName, serial, removed } of wanted) {
        this.#sql.enqueue.run(name, displayName, serial, removed ? 1 : 0, now);
      }
      this.#remember(state);
    });
  }

  takeOverList(): ListTakeover {
    const takeover = this.#do(() =>
      takeOverList(
        this.#db,
        () => this.#clock.now(),
        (state) => this.#remember(state),
      ),
    );
    return {
      add: (projects) => this.#do(() => takeover.add(projects)),
      commit: (listSerial, state) => this.#do(() => takeover.commit(listSerial, state)),
      abandon: () => this.#do(() => takeover.abandon()),
    };
  }

  enqueueAllHeld(state: MirrorState, forgetSerials: boolean): void {
    this.#transaction(() => {
      this.#sql.forgetEtags.run();
      if (forgetSerials) this.#sql.forgetSerials.run();
      this.#sql.enqueueAllHeld.run({ now: this.#clock.now() });
      this.#remember(state);
    });
  }

  enqueueUnseen(before: number, limit: number): number {
    return this.#do(() => this.#sql.enqueueUnseen.run({ before, limit, now: this.#clock.now() }).changes);
  }

  requeue(name: ProjectName, damaged: readonly WebPath[]): void {
    this.#transaction(() => {
      for (const path of damaged) this.#sql.deleteFile.run(path);
      this.#sql.forgetEtag.run(name);
      this.#sql.requeue.run({ name, now: this.#clock.now() });
    });
  }

  queued(name: ProjectName): Due | undefined {
    const row = this.#do(() => this.#sql.queued.get(name));
    return row && dueOf(row);
  }

  due(now: number, removed: boolean, after: ProjectName | undefined, limit: number): Due[] {
    const statement = removed ? this.#sql.dueRemoved : this.#sql.due;
    return this.#do(() => statement.all(now, after ?? '', limit).map(dueOf));
  }

  parked(limit: number): Parked[] {
    const rows = this.#do(() => this.#sql.parked.all(limit));
    return rows.map((row) => ({
      due: dueOf(row),
      obstacle: row.obstacle ?? 'failed',
      reason: row.reason ?? '',
      nextTry: row.next_try,
    }));
  }

  held(name: ProjectName): HeldProject {
    return this.#do(() => {
      const row = this.#sql.held.get(name);
      const files = this.#sql.filesOf.all(name).map(fileOf);
      return {
        published: row !== undefined,
        displayName: row?.display_name,
        serial: row?.serial ?? undefined,
        etag: row?.etag ?? undefined,
        files,
      };
    });
  }

  heldFile(path: WebPath): HeldFile | undefined {
    const row = this.#do(() => this.#sql.fileAt.get(path));
    return row && fileOf(row);
  }

  holderOf(path: WebPath): ProjectName | undefined {
    return this.#do(() => this.#sql.holderOf.get(path))?.project;
  }

  hold(name: ProjectName, files: readonly HeldFile[]): void {
    if (files.length === 0) return;
    this.#transaction(() => {
      for (const { path, size, sha256, metadataSha256, provenance } of files) {
        const metadata = metadataSha256 === undefined ? null : Buffer.from(metadataSha256, 'hex');
        this.#sql.hold.run(path, name, size, Buffer.from(sha256, 'hex'), metadata, provenance ? 1 : 0);
      }
    });
  }

  finish(projects: readonly Finished[]): void {
    const now = this.#clock.now();
    this.#transaction(() => {
      for (const project of projects) this.#finish(project, now);
    });
  }

  park({ due, obstacle, reason, nextTry }: Parked): void {
    const { name, attempts } = due;
    const now = this.#clock.now();
    this.#do(() => this.#sql.park.run({ name, attempts, nextTry, reason, obstacle, now }));
  }

  published(after: ProjectName | undefined, limit: number): IndexEntry[] {
    const rows = this.#do(() => this.#sql.published.all(after ?? '', limit));
    return rows.map((row) => ({ name: row.name, displayName: row.display_name, serial: row.serial ?? undefined }));
  }

  totals(): Totals {
    return this.#do(() => this.#sql.totals.get() ?? { projects: 0, files: 0, bytes: 0, queued: 0, parked: 0 });
  }

  recordRun(run: RunRecord): void {
    this.#transaction(() => {
      this.#sql.recordRun.run(run.startedMs, run.finishedMs, run.exitCode, run.summary);
      this.#sql.forgetRuns.run(runsKept);
    });
  }

  close(): void {
    this.#db.close();
  }

  #finish(project: Finished, now: number): void {
    const { name, displayName, serial: required } = project.due;
    if (project.kind === 'published') {
      const { serial, etag, status, drop } = project;
      this.#sql.publish.run(name, displayName, serial ?? null, etag ?? null, status, now);
      for (const file of drop) this.#sql.deleteFile.run(file.path);
    } else if (project.kind === 'unchanged') {
      this.#sql.see.run(now, name);
    } else {
      this.#sql.deleteFilesOf.run(name);
      this.#sql.deleteProject.run(name);
    }
    this.#sql.dequeue.run(name, required);
  }

  #remember(state: MirrorState): void {
    for (const [key, value] of Object.entries(state)) {
      if (value === undefined) this.#sql.forget.run(key);
      else this.#sql.remember.run(key, JSON.stringify(value));
    }
  }

  #transaction(work: () => void): void {
    this.#do(() => this.#db.transaction(work).immediate());
  }

  #do<T>(work: () => T): T {
    return asStorage(this.#db.name, work);
  }
}

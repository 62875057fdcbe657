/** The StateStore port over SQLite, in WAL mode: readers never wait, and a crash loses at most what is repeated anyway. */
import type Database from 'better-sqlite3';
import type { Clock } from '../../core/clock.ts';
import type { ProjectName } from '../../core/names.ts';
import type { WebPath } from '../../core/paths.ts';
import type { IndexEntry } from '../../formats/simple/root-index.ts';
import type { MirrorState } from '../mirror-state.ts';
import type { ProvenanceProblem, ProvenanceTotals } from '../provenance-records.ts';
import type {
  DueReplan,
  FinishedProject,
  HeldFile,
  HeldProject,
  KeptParked,
  ListComparison,
  Obstacle,
  Parked,
  PlanSummary,
  QueuedProject,
  QueueEntry,
  QueueRequest,
  Replanned,
  Requires,
  RuleTotals,
  StateStore,
  Totals,
  Wants,
} from '../state-store.ts';
import { finishProject } from './finish-project.ts';
import { compareList } from './list-comparison.ts';
import { asStorage } from './open-database.ts';
import { type OpenStateOptions, openState } from './open-state.ts';
import {
  dueOf,
  entryOf,
  fileOf,
  heldOf,
  nameOf,
  parkedOf,
  planOf,
  provenanceNumber,
  queuedOf,
  replanOf,
  unprovenOf,
} from './rows.ts';
import { SqliteAnnouncements } from './sqlite-changelog-entries.ts';
import { SqliteUnderWay } from './sqlite-in-progress.ts';
import { SqlitePageStore } from './sqlite-page-hashes.ts';
import { putAllWants, replan } from './sqlite-plans.ts';
import { provenanceTotals } from './sqlite-provenance.ts';
import { SqliteChangeLog } from './sqlite-published-changes.ts';
import { SqliteOddFiles } from './sqlite-rejected-files.ts';
import { SqliteRemovalLog } from './sqlite-removal-log.ts';
import { SqliteRunHistory } from './sqlite-run-history.ts';
import { prepareStatements, type Statements } from './statements.ts';

const noTotals: Totals = { projects: 0, files: 0, bytes: 0, queued: 0, parked: 0, heldBack: 0 };

export class SqliteStateStore implements StateStore {
  readonly removals: SqliteRemovalLog;
  readonly changelog: SqliteAnnouncements;
  readonly pages: SqlitePageStore;
  readonly rejectedFiles: SqliteOddFiles;
  readonly history: SqliteRunHistory;
  readonly inProgress: SqliteUnderWay;
  readonly publishedChanges: SqliteChangeLog;
  readonly #path: string;
  readonly #db: Database.Database;
  readonly #clock: Clock;
  readonly #sql: Statements;

  /** Opens or creates the database at `path`, or one in memory for ':memory:'. Throws StorageError. */
  constructor(path: string, clock: Clock, options: OpenStateOptions = {}) {
    this.#path = path;
    this.#db = openState(path, options);
    this.#clock = clock;
    this.#sql = this.#do(() => prepareStatements(this.#db));
    this.removals = this.#do(() => new SqliteRemovalLog(this.#db, clock));
    this.changelog = this.#do(() => new SqliteAnnouncements(this.#db, clock));
    this.history = this.#do(() => new SqliteRunHistory(this.#db));
    this.pages = this.#do(() => new SqlitePageStore(this.#db));
    this.inProgress = this.#do(() => new SqliteUnderWay(this.#db));
    this.rejectedFiles = this.#do(() => new SqliteOddFiles(this.#db));
    this.publishedChanges = this.#do(() => new SqliteChangeLog(this.#db, clock));
  }

  mirror(): MirrorState {
    const rows = this.#do(() => this.#sql.mirror.all());
    return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value) as unknown])) as MirrorState;
  }

  remember(state: MirrorState): void {
    this.#transaction(() => this.#remember(state));
  }

  enqueue(wanted: readonly QueueRequest[], state: MirrorState): void {
    this.#transaction(() => {
      const now = this.#clock.now();
      for (const { name, displayName, serial, removed, rows = [], isBack = false } of wanted) {
        this.#sql.enqueue.run(name, displayName, serial, removed ? 1 : 0, now);
        if (isBack) this.changelog.forgetRemoval(name);
        this.changelog.add(name, rows);
      }
      this.#remember(state);
    });
  }

  compareList(): ListComparison {
    const takeover = this.#do(() =>
      compareList(
        this.#db,
        () => this.#clock.now(),
        (state) => this.#remember(state),
      ),
    );
    return {
      add: (projects) => this.#do(() => takeover.add(projects)),
      commit: (listSerial, state, lowers, source) => this.#do(() => takeover.commit(listSerial, state, lowers, source)),
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
      for (const path of damaged) {
        this.#sql.deleteFile.run(path);
        this.#sql.unsettle.run(name, path);
      }
      this.#sql.forgetEtag.run(name);
      this.#sql.requeue.run({ name, now: this.#clock.now() });
    });
  }

  enqueueReplans(names: readonly ProjectName[], state: MirrorState): number {
    let queued = 0;
    this.#transaction(() => {
      const now = this.#clock.now();
      for (const name of names) queued += this.#sql.enqueueReplan.run({ name, now }).changes;
      this.#remember(state);
    });
    return queued;
  }

  makeDue(obstacle?: Obstacle): void {
    this.#do(() => this.#sql.wake.run({ obstacle: obstacle ?? null }));
  }

  enqueueDuePlans(now: number): void {
    this.#do(() => this.#sql.enqueueDuePlans.run({ now }));
  }

  dueReplans(now: number, after: ProjectName | undefined, limit: number): DueReplan[] {
    return this.#do(() => this.#sql.dueReplans.all(now, after ?? '', limit)).map(replanOf);
  }

  replan(plans: readonly Replanned[]): void {
    if (plans.length > 0) this.#transaction(() => replan(this.#sql, plans));
  }

  plans(
    after: ProjectName | undefined,
    limit: number,
  ): (PlanSummary | { name: ProjectName; decisionKey?: undefined })[] {
    return this.#do(() => this.#sql.plans.all(after ?? '', limit)).map((row) => planOf(row));
  }

  renamePlans(renamed: readonly { readonly name: ProjectName; readonly rule: string }[]): void {
    if (renamed.length === 0) return;
    this.#transaction(() => {
      for (const { name, rule } of renamed) this.#sql.renamePlan.run(rule, name);
    });
  }

  planTotals(limit: number): RuleTotals[] {
    return this.#do(() => this.#sql.planTotals.all(limit));
  }

  decisionKeyOf(name: ProjectName): string | undefined {
    return this.#do(() => this.#sql.decisionOf.get(name))?.decision;
  }

  plannedPage(name: ProjectName): Buffer | undefined {
    return this.#do(() => this.#sql.plannedPage.get(name))?.page ?? undefined;
  }

  setRequirements(name: ProjectName, edges: string | undefined): void {
    if (edges === undefined) this.#do(() => this.#sql.deleteRequires.run(name));
    else this.#do(() => this.#sql.putRequires.run(name, edges));
  }

  allRequirements(): Iterable<Requires> {
    return this.#do(() => this.#sql.requires.iterate());
  }

  rememberWants(all: Iterable<Wants>, state: MirrorState): void {
    this.#transaction(() => {
      putAllWants(this.#sql, all);
      this.#remember(state);
    });
  }

  wantsOf(name: ProjectName): string | undefined {
    return this.#do(() => this.#sql.wantsOf.get(name));
  }

  due(now: number, removed: boolean, after: ProjectName | undefined, limit: number): QueuedProject[] {
    const statement = removed ? this.#sql.dueRemoved : this.#sql.due;
    return this.#do(() => statement.all(now, now, after ?? '', limit).map(dueOf));
  }

  dueAnnounced(now: number, after: ProjectName | undefined, limit: number): QueuedProject[] {
    return this.#do(() => this.#sql.dueAnnounced.all(now, now, after ?? '', limit).map(dueOf));
  }

  parked(limit: number): KeptParked[] {
    return this.#do(() => this.#sql.parked.all(limit).map(parkedOf));
  }

  queued(name: ProjectName): QueueEntry | undefined {
    const row = this.#do(() => this.#sql.queued.get(name));
    return row && queuedOf(row);
  }

  heldProject(name: ProjectName): HeldProject {
    return this.#do(() => heldOf(this.#sql.held.get(name), this.#sql.filesOf.all(name)));
  }

  heldFile(path: WebPath): HeldFile | undefined {
    const row = this.#do(() => this.#sql.fileAt.get(path));
    return row && fileOf(row);
  }

  holderOf(path: WebPath): ProjectName | undefined {
    return this.#do(() => this.#sql.holderOf.get(path))?.project;
  }

  addPendingFiles(name: ProjectName, paths: readonly WebPath[]): void {
    this.#transaction(() => {
      for (const path of paths) this.#sql.unsettle.run(name, path);
    });
  }

  pendingFiles(name: ProjectName): WebPath[] {
    return this.#do(() => this.#sql.unsettled.all(name)).map(({ path }) => path);
  }

  addHeldFiles(name: ProjectName, files: readonly HeldFile[]): void {
    if (files.length === 0) return;
    this.#transaction(() => {
      for (const file of files) {
        const { path, size, sha256, metadataSha256 } = file;
        const metadata = metadataSha256 === undefined ? null : Buffer.from(metadataSha256, 'hex');
        this.#sql.hold.run(path, name, size, Buffer.from(sha256, 'hex'), metadata, provenanceNumber(file));
      }
    });
  }

  finish(projects: readonly FinishedProject[]): void {
    const now = this.#clock.now();
    this.#transaction(() => {
      for (const project of projects) finishProject(this.#sql, this, project, now);
    });
  }

  park({ due, obstacle, reason, nextTry }: Parked): void {
    const { name, attempts } = due;
    const now = this.#clock.now();
    this.#do(() => this.#sql.park.run({ name, attempts, nextTry, reason, obstacle, now }));
  }

  sources(): { readonly source: string; readonly projects: number }[] {
    return this.#do(() => this.#sql.sources.all());
  }

  publishedFrom(source: string): ProjectName[] {
    return this.#do(() => this.#sql.publishedFrom.all(source)).map(nameOf);
  }

  published(after: ProjectName | undefined, limit: number): IndexEntry[] {
    const rows = this.#do(() => this.#sql.published.all(after ?? '', limit));
    return rows.map(entryOf);
  }

  provenanceProblems(name: ProjectName): ProvenanceProblem[] {
    return this.#do(() => this.#sql.unproven.all(name)).map(unprovenOf);
  }

  provenanceTotals(): ProvenanceTotals {
    return this.#do(() => provenanceTotals(this.#sql));
  }

  totals(): Totals {
    return this.#do(() => this.#sql.totals.get() ?? noTotals);
  }

  close(): void {
    this.#db.close();
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
    return asStorage(this.#path, work);
  }
}

/** The RunHistory port over SQLite. */
import type Database from 'better-sqlite3';
import { dayMs } from '../../core/durations.ts';
import { type StoreUsage, sumOfUsage } from '../../core/store-usage.ts';
import type { DayRecord, RunHistory, RunRecord, RunResults } from '../run-history.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

/** The results of runs, and the days, added by version 7. Days are counted from 1970. */
export const historyTables = `
  ALTER TABLE runs ADD COLUMN serial INTEGER;
  ALTER TABLE runs ADD COLUMN completed_at INTEGER;
  ALTER TABLE runs ADD COLUMN queued INTEGER;
  ALTER TABLE runs ADD COLUMN parked INTEGER;
  ALTER TABLE runs ADD COLUMN published INTEGER;
  ALTER TABLE runs ADD COLUMN removed INTEGER;
  ALTER TABLE runs ADD COLUMN files INTEGER;
  ALTER TABLE runs ADD COLUMN bytes INTEGER;

  CREATE TABLE days (
    day INTEGER PRIMARY KEY,
    projects INTEGER NOT NULL,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    failed_runs INTEGER NOT NULL,
    published INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    fetched_files INTEGER NOT NULL,
    fetched_bytes INTEGER NOT NULL
  ) STRICT;
`;

/** What was asked of the object store, as JSON of {@link StoreUsage}, added by version 8. NULL if there is none. */
export const storeUsageColumns = `
  ALTER TABLE runs ADD COLUMN store TEXT;
  ALTER TABLE days ADD COLUMN store TEXT;
`;

/** The number of runs that are remembered. */
const kept = 1000;

type Work = Pick<RunResults, 'published' | 'removed' | 'files' | 'bytes'>;

interface DayValues extends Work {
  readonly day: number;
  readonly runs: number;
  readonly failed: number;
  readonly store: string | null;
}

interface DayRow extends Omit<DayRecord, 'store'> {
  readonly store: string | null;
}

interface RunRow extends Omit<RunRecord, 'results'> {
  readonly serial: number | null;
  readonly completedAt: number | null;
  readonly queued: number | null;
  readonly parked: number | null;
  readonly published: number | null;
  readonly removed: number | null;
  readonly files: number | null;
  readonly bytes: number | null;
  readonly store: string | null;
}

const noWork: Work = { published: 0, removed: 0, files: 0, bytes: 0 };

export class SqliteRunHistory extends SqliteTables<ReturnType<typeof prepareStatements>> implements RunHistory {
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  record({ startedMs, finishedMs, exitCode, summary, results }: RunRecord): void {
    const { published, removed, files, bytes } = results ?? noWork;
    const day = dayOf(finishedMs);
    const failed = exitCode === 0 ? 0 : 1;
    this.transaction(() => {
      this.sql.add.run({
        ...{ startedMs, finishedMs, exitCode, summary },
        serial: results?.serial ?? null,
        completedAt: results?.completedAt ?? null,
        queued: results?.queued ?? null,
        parked: results?.parked ?? null,
        published: results?.published ?? null,
        removed: results?.removed ?? null,
        files: results?.files ?? null,
        bytes: results?.bytes ?? null,
        store: results?.store === undefined ? null : JSON.stringify(results.store),
      });
      this.sql.forget.run(kept);
      const store = this.#storeOfDay(day, results?.store);
      this.sql.addToDay.run({ day, runs: 1, failed, published, removed, files, bytes, store });
    });
  }

  recordDay(now: number, store?: StoreUsage): void {
    const day = dayOf(now);
    this.transaction(() => {
      this.sql.addToDay.run({ day, runs: 0, failed: 0, ...noWork, store: this.#storeOfDay(day, store) });
    });
  }

  /** Returns what was asked of the object store on a day, with `more` added; null if nothing is to be added. */
  #storeOfDay(day: number, more: StoreUsage | undefined): string | null {
    if (more === undefined) return null;
    return JSON.stringify(sumOfUsage([usageIn(this.sql.storeOfDay.get(day)), more]));
  }

  latest(limit: number): RunRecord[] {
    return this.do(() => this.sql.latest.all(limit)).map(runRecord);
  }

  days(now: number, limit: number): DayRecord[] {
    return this.do(() => this.sql.days.all(dayOf(now), limit))
      .map(({ day, store, ...record }) => ({ ...record, day: day * dayMs, ...usageOf(store) }))
      .reverse();
  }
}

function dayOf(ms: number): number {
  return Math.floor(ms / dayMs);
}

function runRecord(row: RunRow): RunRecord {
  const { startedMs, finishedMs, exitCode, summary, serial, completedAt, queued, parked, published, removed } = row;
  const run = { startedMs, finishedMs, exitCode, summary };
  if (queued === null) return run;
  const results = {
    serial: serial ?? undefined,
    completedAt: completedAt ?? undefined,
    queued,
    parked: parked ?? 0,
    published: published ?? 0,
    removed: removed ?? 0,
    files: row.files ?? 0,
    bytes: row.bytes ?? 0,
    ...usageOf(row.store),
  };
  return { ...run, results };
}

/** Returns the member `store` of a record, if there is one. */
function usageOf(text: string | null): { readonly store?: StoreUsage } {
  const store = usageIn(text);
  return store === undefined ? {} : { store };
}

/** Parses the JSON of a column. What nobody of ours has written counts as nothing. */
function usageIn(text: string | null | undefined): StoreUsage | undefined {
  const { requests, bytesSent, bytesReceived, retries } = parsed(text);
  const counts = typeof requests === 'object' && requests !== null ? Object.entries(requests) : undefined;
  if (!isCount(bytesSent) || !isCount(bytesReceived) || !isCount(retries)) return undefined;
  if (!counts?.every((pair): pair is [string, number] => isCount(pair[1]))) return undefined;
  return { requests: Object.fromEntries(counts), bytesSent, bytesReceived, retries };
}

function parsed(text: string | null | undefined): Readonly<Record<keyof StoreUsage, unknown>> {
  const none = { requests: undefined, bytesSent: undefined, bytesReceived: undefined, retries: undefined };
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return { ...none, ...(typeof value === 'object' ? value : undefined) };
  } catch {
    return none;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    add: () =>
      db.prepare<RunRow>(
        `INSERT INTO runs (started, finished, exit_code, summary,
         serial, completed_at, queued, parked, published, removed, files, bytes, store)
       VALUES (:startedMs, :finishedMs, :exitCode, :summary,
         :serial, :completedAt, :queued, :parked, :published, :removed, :files, :bytes, :store)`,
      ),
    latest: () =>
      db.prepare<[number], RunRow>(
        `SELECT started AS startedMs, finished AS finishedMs, exit_code AS exitCode, summary,
         serial, completed_at AS completedAt, queued, parked, published, removed, files, bytes, store
       FROM runs ORDER BY id DESC LIMIT ?`,
      ),
    forget: () => db.prepare<[number]>('DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?'),
    addToDay: () =>
      db.prepare<DayValues>(
        `INSERT INTO days (day, projects, files, bytes, runs, failed_runs,
         published, removed, fetched_files, fetched_bytes, store)
       SELECT :day, projects, files, bytes, :runs, :failed, :published, :removed, :files, :bytes, :store FROM totals
       WHERE true ON CONFLICT (day) DO UPDATE SET
         projects = excluded.projects, files = excluded.files, bytes = excluded.bytes,
         runs = runs + excluded.runs, failed_runs = failed_runs + excluded.failed_runs,
         published = published + excluded.published, removed = removed + excluded.removed,
         fetched_files = fetched_files + excluded.fetched_files, fetched_bytes = fetched_bytes + excluded.fetched_bytes,
         store = coalesce(excluded.store, store)`,
      ),
    storeOfDay: () => db.prepare<[number], string | null>('SELECT store FROM days WHERE day = ?').pluck(),
    days: () =>
      db.prepare<[number, number], DayRow>(
        `SELECT day, projects, files, bytes, runs, failed_runs AS failedRuns, published, removed,
         fetched_files AS fetchedFiles, fetched_bytes AS fetchedBytes, store
       FROM days WHERE day <= ? ORDER BY day DESC LIMIT ?`,
      ),
  });
}

/** The RunHistory port over SQLite. */
import type Database from 'better-sqlite3';
import { dayMs } from '../../core/durations.ts';
import type { DayRecord, RunHistory, RunRecord, RunResults } from '../run-history.ts';
import { type Connection, SqliteTables } from './sqlite-tables.ts';

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

/** The number of runs that are remembered. */
const kept = 1000;

type Work = Pick<RunResults, 'published' | 'removed' | 'files' | 'bytes'>;

interface DayValues extends Work {
  readonly day: number;
  readonly runs: number;
  readonly failed: number;
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
      });
      this.sql.forget.run(kept);
      this.sql.addToDay.run({ day, runs: 1, failed, published, removed, files, bytes });
    });
  }

  recordDay(now: number): void {
    this.transaction(() => {
      this.sql.addToDay.run({ day: dayOf(now), runs: 0, failed: 0, ...noWork });
    });
  }

  latest(limit: number): RunRecord[] {
    return this.do(() => this.sql.latest.all(limit)).map(runRecord);
  }

  days(now: number, limit: number): DayRecord[] {
    return this.do(() => this.sql.days.all(dayOf(now), limit))
      .map(({ day, ...record }) => ({ ...record, day: day * dayMs }))
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
  };
  return { ...run, results };
}

function prepareStatements(db: Database.Database) {
  return {
    add: db.prepare<RunRow>(
      `INSERT INTO runs (started, finished, exit_code, summary,
         serial, completed_at, queued, parked, published, removed, files, bytes)
       VALUES (:startedMs, :finishedMs, :exitCode, :summary,
         :serial, :completedAt, :queued, :parked, :published, :removed, :files, :bytes)`,
    ),
    latest: db.prepare<[number], RunRow>(
      `SELECT started AS startedMs, finished AS finishedMs, exit_code AS exitCode, summary,
         serial, completed_at AS completedAt, queued, parked, published, removed, files, bytes
       FROM runs ORDER BY id DESC LIMIT ?`,
    ),
    forget: db.prepare<[number]>('DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?'),
    addToDay: db.prepare<DayValues>(
      `INSERT INTO days
       SELECT :day, projects, files, bytes, :runs, :failed, :published, :removed, :files, :bytes FROM totals
       WHERE true ON CONFLICT (day) DO UPDATE SET
         projects = excluded.projects, files = excluded.files, bytes = excluded.bytes,
         runs = runs + excluded.runs, failed_runs = failed_runs + excluded.failed_runs,
         published = published + excluded.published, removed = removed + excluded.removed,
         fetched_files = fetched_files + excluded.fetched_files, fetched_bytes = fetched_bytes + excluded.fetched_bytes`,
    ),
    days: db.prepare<[number, number], DayRecord>(
      `SELECT day, projects, files, bytes, runs, failed_runs AS failedRuns, published, removed,
         fetched_files AS fetchedFiles, fetched_bytes AS fetchedBytes
       FROM days WHERE day <= ? ORDER BY day DESC LIMIT ?`,
    ),
  };
}

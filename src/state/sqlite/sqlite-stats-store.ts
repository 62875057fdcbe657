/** The StatsStore port over SQLite: a connection of its own, which waits while a sync run writes. */
import type Database from 'better-sqlite3';
import { sha256Hex } from '../../core/hash.ts';
import type { ProjectName } from '../../core/names.ts';
import { byFile, type Downloads } from '../../formats/local-stats.ts';
import type { DayCounts, FileDownloads, KnownDay, KnownLog, LogProgress, StatsStore, Sum } from '../stats-store.ts';
import { asStorage, openDatabase } from './open-database.ts';
import { prepareSchema } from './schema.ts';
import { prepareStatsStatements, type StatsStatements } from './stats-statements.ts';

/** A sync run's longest transaction, the take-over of the list of all projects, takes a few seconds. */
const patienceMs = 60_000;
/** A log is known by no more bytes than these. */
const longestHead = 4096;

export class SqliteStatsStore implements StatsStore {
  readonly #db: Database.Database;
  readonly #sql: StatsStatements;

  /** Opens or creates the database at `path`, or one in memory for ':memory:'. Throws StorageError. */
  constructor(path: string, nativeBinding?: string) {
    this.#db = openDatabase(path, nativeBinding);
    try {
      this.#sql = this.#do(() => {
        this.#db.pragma(`busy_timeout = ${patienceMs}`);
        this.#db.pragma('journal_mode = WAL');
        this.#db.pragma('synchronous = NORMAL');
        prepareSchema(this.#db);
        return prepareStatsStatements(this.#db);
      });
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  holderOf(path: string, filename: string, candidates: readonly ProjectName[]): ProjectName | undefined {
    return this.#do(() => {
      const holder = this.#sql.holderOf.get(path)?.project;
      const end = `/${filename}`;
      return holder ?? candidates.find((name) => this.#sql.holdsFile.get(name, end, end) !== undefined);
    });
  }

  knownLog(head: Buffer): KnownLog | undefined {
    return this.#do(() => {
      for (const { bytes } of this.#sql.headSizes.all(head.length)) {
        const found = this.#sql.logByHead.get(bytes, hashOf(head.subarray(0, bytes)));
        if (found !== undefined) return found;
      }
      return undefined;
    });
  }

  latestLog(series: string): KnownLog | undefined {
    return this.#do(() => this.#sql.latestLog.get(series));
  }

  count(log: LogProgress, days: readonly DayCounts[]): number {
    return this.#transaction(() => {
      for (const { day, downloads, sums } of days) {
        let changed = 0;
        for (const file of downloads) {
          this.#add(day, file);
          changed = 1;
        }
        for (const { kind, name, count, bytes } of sums) this.#sql.addSum.run(day, kind, name, count, bytes);
        if (day !== '') this.#sql.seeDay.run(day, changed);
      }
      return this.#remember(log);
    });
  }

  days(): KnownDay[] {
    return this.#do(() => this.#sql.days.all()).map(({ day, published, changed, closed }) => ({
      day,
      published: published === 1,
      changed: changed === 1,
      closed: closed === 1,
    }));
  }

  downloads(day: string): Iterable<Downloads> {
    return this.#do(() => sorted(this.#sql.downloads.iterate(day)));
  }

  published(day: string, most: readonly Sum[]): void {
    this.#transaction(() => {
      this.#sql.forgetMost.run(day);
      for (const { kind, name, count, bytes } of most) this.#sql.addSum.run(day, kind, name, count, bytes);
      this.#sql.publish.run(day);
    });
  }

  forget(before: string, sumsBefore: string): void {
    // Day by day, as a sync run must not wait long.
    for (const { day } of this.#do(() => this.#sql.closable.all(before))) {
      this.#transaction(() => {
        this.#sql.forgetDownloads.run(day);
        this.#sql.closeDay.run(day);
      });
    }
    this.#do(() => this.#sql.forgetSums.run(sumsBefore));
  }

  sums(): Iterable<Sum & { readonly day: string }> {
    return this.#do(() => this.#sql.sums.iterate());
  }

  close(): void {
    this.#db.close();
  }

  #add(day: string, { filename, project, agents }: FileDownloads): void {
    const known = this.#sql.agents.get(day, filename, project);
    const counts = new Map(known === undefined ? [] : countsIn(known.agents));
    for (const [agent, count] of agents) counts.set(agent, (counts.get(agent) ?? 0) + count);
    this.#sql.putAgents.run(day, filename, project, JSON.stringify([...counts]));
  }

  #remember({ id, head, series, position, latest }: LogProgress): number {
    const known = head.subarray(0, Math.min(head.length, longestHead, position));
    const values = [known.length, hashOf(known), series, position, latest] as const;
    if (id === undefined) return Number(this.#sql.addLog.run(...values).lastInsertRowid);
    this.#sql.updateLog.run(...values, id);
    return id;
  }

  #transaction<T>(work: () => T): T {
    return this.#do(() => this.#db.transaction(work).immediate());
  }

  #do<T>(work: () => T): T {
    return asStorage(this.#db.name, work);
  }
}

function countsIn(json: string): [agent: string, count: number][] {
  return JSON.parse(json) as [string, number][];
}

/** One line per agent; files come sorted by name, and those of the same name are put in order here. */
function* sorted(files: Iterable<{ project: string; filename: string; agents: string }>): IterableIterator<Downloads> {
  let lines: Downloads[] = [];
  for (const { project, filename, agents } of files) {
    if (lines[0] !== undefined && lines[0].filename !== filename) {
      yield* lines.sort(byFile);
      lines = [];
    }
    for (const [agent, count] of countsIn(agents)) lines.push({ project, filename, agent, count });
  }
  yield* lines.sort(byFile);
}

function hashOf(bytes: Buffer): Buffer {
  return Buffer.from(sha256Hex(bytes), 'hex');
}

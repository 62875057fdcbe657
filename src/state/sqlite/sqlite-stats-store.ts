/** The StatsStore port over SQLite, on its own connection, which waits while a sync run writes. */
import type Database from 'better-sqlite3';
import { minuteMs } from '../../core/durations.ts';
import { sha256Hex } from '../../core/hash.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Downloads } from '../../formats/logs/local-stats.ts';
import type {
  DayCounts,
  DownloadTable,
  KnownDay,
  KnownLog,
  LogProgress,
  StatsStore,
  Sum,
  SumKind,
} from '../stats-store.ts';
import { asStorage, openDatabase } from './open-database.ts';
import { prepareSchema } from './schema.ts';
import { sortedDownloads } from './sorted-downloads.ts';
import { type LogRow, prepareStatsStatements, type StatsStatements } from './stats-statements.ts';

/** Milliseconds to wait for a sync run. Its longest transaction, the comparison with the whole list, takes seconds. */
const busyTimeoutMs = minuteMs;
/** The largest number of first bytes that identify a log. */
const maxHeadBytes = 4096;

export class SqliteStatsStore implements StatsStore {
  readonly #db: Database.Database;
  readonly #sql: StatsStatements;

  /** Opens or creates the database at `path`, or one in memory for ':memory:'. Throws StorageError. */
  constructor(path: string) {
    this.#db = openDatabase(path);
    try {
      this.#sql = this.#do(() => {
        this.#db.pragma(`busy_timeout = ${busyTimeoutMs}`);
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

  knownLogs(head: Buffer): KnownLog[] {
    return this.#do(() =>
      this.#sql.headSizes
        .all(head.length)
        .flatMap(({ bytes }) => this.#sql.logsByHead.all(bytes, hashOf(head.subarray(0, bytes))))
        .map(knownLog),
    );
  }

  latestLog(series: string): KnownLog | undefined {
    const found = this.#do(() => this.#sql.latestLog.get(series));
    return found && knownLog(found);
  }

  starts(): Int32Array | undefined {
    const found = this.#do(() => this.#sql.starts.get());
    return found && integersIn(found.starts);
  }

  count(log: LogProgress, days: Iterable<DayCounts>, starts: Int32Array<ArrayBuffer>): number {
    return this.#transaction(() => {
      for (const { day, downloads, sums } of days) {
        const isChanged = downloads.counts.length > 0;
        if (isChanged) this.#add(day, downloads);
        for (const { kind, name, count, bytes } of sums) this.#sql.addSum.run(day, kind, name, count, bytes);
        if (day !== '') this.#sql.seeDay.run(day, isChanged ? 1 : 0);
      }
      this.#sql.putStarts.run(bytesOf(starts));
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
    return sortedDownloads(tablesIn(this.#do(() => this.#sql.downloads.all(day))));
  }

  published(day: string, most: readonly Sum[]): void {
    this.#transaction(() => {
      this.#sql.forgetMost.run(day);
      for (const { kind, name, count, bytes } of most) this.#sql.addSum.run(day, kind, name, count, bytes);
      this.#sql.publish.run(day);
    });
  }

  forget(before: string, sumsBefore: string): void {
    // One transaction per day, because a sync run must not wait long.
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

  countsOf(kind: SumKind, name: string, since: string): ReadonlyMap<string, number> {
    return new Map(this.#do(() => this.#sql.countsOf.all(kind, name, since)).map(({ day, count }) => [day, count]));
  }

  close(): void {
    this.#db.close();
  }

  #add(day: string, { files, agents, counts }: DownloadTable): void {
    this.#sql.addDownloads.run(day, JSON.stringify({ files, agents }), bytesOf(counts));
  }

  #remember({ id: known, head, before, series, position, latest }: LogProgress): number {
    const first = head.subarray(0, Math.min(head.length, maxHeadBytes, position));
    const values = [first.length, hashOf(first), series, position, latest] as const;
    const id = known ?? Number(this.#sql.addLog.run(...values).lastInsertRowid);
    if (known !== undefined) this.#sql.updateLog.run(...values, known);
    if (before !== undefined) this.#sql.setBefore.run(before.length, hashOf(before), id);
    return id;
  }

  #transaction<T>(work: () => T): T {
    return this.#do(() => this.#db.transaction(work).immediate());
  }

  #do<T>(work: () => T): T {
    return asStorage(this.#db.name, work);
  }
}

function* tablesIn(
  rows: Iterable<{ readonly names: string; readonly counts: Buffer }>,
): IterableIterator<DownloadTable> {
  for (const { names, counts } of rows) {
    const { files, agents } = JSON.parse(names) as Omit<DownloadTable, 'counts'>;
    yield { files, agents, counts: integersIn(counts) };
  }
}

function knownLog({ before_bytes: bytes, before_sha256: sha256, ...log }: LogRow): KnownLog {
  return { ...log, before: bytes === null || sha256 === null ? undefined : { bytes, sha256: sha256.toString('hex') } };
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Returns a copy of `bytes` as integers, because integers must be aligned to four bytes. */
function integersIn(bytes: Buffer): Int32Array<ArrayBuffer> {
  return new Int32Array(new Uint8Array(bytes).buffer);
}

function hashOf(bytes: Uint8Array): Buffer {
  return Buffer.from(sha256Hex(bytes), 'hex');
}

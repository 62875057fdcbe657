/** The SQL statements of the stats store, prepared once. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import type { Sum } from '../stats-store.ts';

const logColumns = 'id, series, position, latest, before_bytes, before_sha256';

/** The row of a KnownLog. */
export interface LogRow {
  readonly id: number;
  readonly series: string;
  readonly position: number;
  readonly latest: number;
  readonly before_bytes: number | null;
  readonly before_sha256: Buffer | null;
}

/** The row of a DownloadTable; all members except the counts are JSON. */
interface TableRow {
  readonly names: string;
  readonly counts: Buffer;
}

interface DayRow {
  readonly day: string;
  readonly published: number;
  readonly changed: number;
  readonly closed: number;
}

export type StatsStatements = ReturnType<typeof prepareStatsStatements>;

/** Prepares the statements; the tables must exist. */
export function prepareStatsStatements(db: Database.Database) {
  return {
    holderOf: db.prepare<[string], { project: ProjectName }>('SELECT project FROM files WHERE path = ?'),
    holdsFile: db.prepare<[string, string, string], { id: number }>(
      'SELECT id FROM files WHERE project = ? AND substr(path, -length(?)) = ? LIMIT 1',
    ),

    headSizes: db.prepare<[number], { bytes: number }>(
      'SELECT DISTINCT head_bytes AS bytes FROM stats_logs WHERE head_bytes <= ? ORDER BY head_bytes DESC',
    ),
    logsByHead: db.prepare<[number, Buffer], LogRow>(
      `SELECT ${logColumns} FROM stats_logs WHERE head_bytes = ? AND head_sha256 = ? ORDER BY position DESC`,
    ),
    latestLog: db.prepare<[string], LogRow>(
      `SELECT ${logColumns} FROM stats_logs WHERE series = ? ORDER BY latest DESC, id DESC LIMIT 1`,
    ),
    addLog: db.prepare<[number, Buffer, string, number, number]>(
      'INSERT INTO stats_logs (head_bytes, head_sha256, series, position, latest) VALUES (?, ?, ?, ?, ?)',
    ),
    updateLog: db.prepare<[number, Buffer, string, number, number, number]>(
      `UPDATE stats_logs SET head_bytes = ?, head_sha256 = ?, series = ?, position = ?, latest = max(latest, ?)
       WHERE id = ?`,
    ),
    setBefore: db.prepare<[number, Buffer, number]>(
      'UPDATE stats_logs SET before_bytes = ?, before_sha256 = ? WHERE id = ?',
    ),

    addDownloads: db.prepare<[string, string, Buffer]>(
      'INSERT INTO stats_counts (day, names, counts) VALUES (?, ?, ?)',
    ),
    starts: db.prepare<[], { starts: Buffer }>('SELECT starts FROM stats_starts'),
    putStarts: db.prepare<[Buffer]>('INSERT OR REPLACE INTO stats_starts (id, starts) VALUES (1, ?)'),
    addSum: db.prepare<[string, string, string, number, number]>(
      `INSERT INTO stats_sums (day, kind, name, count, bytes) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = bytes + excluded.bytes`,
    ),
    seeDay: db.prepare<[string, number]>(
      `INSERT INTO stats_days (day, changed) VALUES (?, ?)
       ON CONFLICT DO UPDATE SET changed = max(changed, excluded.changed)`,
    ),
    days: db.prepare<[], DayRow>('SELECT day, published, changed, closed FROM stats_days ORDER BY day'),
    downloads: db.prepare<[string], TableRow>('SELECT names, counts FROM stats_counts WHERE day = ?'),

    publish: db.prepare<[string]>('UPDATE stats_days SET published = 1, changed = 0 WHERE day = ?'),
    forgetMost: db.prepare<[string]>(
      `DELETE FROM stats_sums WHERE day = ? AND kind IN ('project', 'file', 'installer')`,
    ),
    closable: db.prepare<[string], { day: string }>(
      'SELECT day FROM stats_days WHERE day < ? AND published = 1 AND closed = 0',
    ),
    closeDay: db.prepare<[string]>('UPDATE stats_days SET closed = 1 WHERE day = ?'),
    forgetDownloads: db.prepare<[string]>('DELETE FROM stats_counts WHERE day = ?'),
    forgetSums: db.prepare<[string]>(`DELETE FROM stats_sums WHERE day < ? AND day <> ''`),
    sums: db.prepare<[], Sum & { day: string }>(
      'SELECT day, kind, name, count, bytes FROM stats_sums ORDER BY day, kind, count DESC, name',
    ),
    // By day, as the index begins with it: a look at each day is far less than all names of all days.
    countsOf: db.prepare<[string, string, string], { day: string; count: number }>(
      `SELECT day, count FROM stats_days CROSS JOIN stats_sums USING (day)
       WHERE kind = ? AND name = ? AND day >= ?`,
    ),
  };
}

/** Every SQL statement of the state store, prepared once. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import type { Totals } from '../state-store.ts';
import type { DueRow, FileRow, ParkedRow, ProjectRow } from './rows.ts';

const dueColumns = 'name, display_name, serial, removed, obstacle, since, attempts';

/** A name queued again is due at once; what upstream says last about its removal counts, and a new serial is a new start. */
const enqueueConflict = `
  ON CONFLICT (name) DO UPDATE SET
    display_name = excluded.display_name, serial = max(serial, excluded.serial), removed = excluded.removed, next_try = 0,
    obstacle = iif(excluded.serial > serial, NULL, obstacle), attempts = iif(excluded.serial > serial, 0, attempts)`;

interface ParkValues {
  readonly attempts: number;
  readonly nextTry: number;
  readonly reason: string;
  readonly obstacle: string;
  readonly now: number;
  readonly name: string;
}

export type Statements = ReturnType<typeof prepareStatements>;

/** Prepares the statements; the tables must exist. */
export function prepareStatements(db: Database.Database) {
  return {
    mirror: db.prepare<[], { key: string; value: string }>('SELECT key, value FROM mirror'),
    remember: db.prepare<[string, string]>('INSERT OR REPLACE INTO mirror (key, value) VALUES (?, ?)'),
    forget: db.prepare<[string]>('DELETE FROM mirror WHERE key = ?'),

    enqueue: db.prepare<[string, string, number, number, number]>(
      `INSERT INTO queue (name, display_name, serial, removed, since) VALUES (?, ?, ?, ?, ?) ${enqueueConflict}`,
    ),
    enqueueAllHeld: db.prepare<{ now: number }>(
      `INSERT INTO queue (name, display_name, serial, removed, since)
       SELECT name, display_name, coalesce(serial, 0), 0, :now FROM projects WHERE true
       ON CONFLICT (name) DO UPDATE SET next_try = 0`,
    ),
    enqueueUnseen: db.prepare<{ before: number; limit: number; now: number }>(
      `INSERT INTO queue (name, display_name, serial, removed, since)
       SELECT name, display_name, coalesce(serial, 0), 0, :now FROM projects
       WHERE seen < :before ORDER BY seen LIMIT :limit
       ON CONFLICT (name) DO NOTHING`,
    ),
    requeue: db.prepare<{ name: string; now: number }>(
      `INSERT INTO queue (name, display_name, serial, removed, since)
       VALUES (:name, coalesce((SELECT display_name FROM projects WHERE name = :name), :name),
         coalesce((SELECT serial FROM projects WHERE name = :name), 0), 0, :now)
       ON CONFLICT (name) DO UPDATE SET next_try = 0`,
    ),
    queued: db.prepare<[string], DueRow>(`SELECT ${dueColumns} FROM queue WHERE name = ?`),
    due: db.prepare<[number, string, number], DueRow>(
      `SELECT ${dueColumns} FROM queue WHERE next_try <= ? AND name > ? ORDER BY name LIMIT ?`,
    ),
    dueRemoved: db.prepare<[number, string, number], DueRow>(
      `SELECT ${dueColumns} FROM queue WHERE removed = 1 AND next_try <= ? AND name > ? ORDER BY name LIMIT ?`,
    ),
    parked: db.prepare<[number], ParkedRow>(
      `SELECT ${dueColumns}, next_try, reason FROM queue WHERE attempts > 0 ORDER BY since, name LIMIT ?`,
    ),
    park: db.prepare<ParkValues>(
      `UPDATE queue SET attempts = :attempts, next_try = :nextTry, reason = :reason,
         since = iif(obstacle IS :obstacle, since, :now), obstacle = :obstacle WHERE name = :name`,
    ),
    dequeue: db.prepare<[string, number]>('DELETE FROM queue WHERE name = ? AND serial <= ?'),

    held: db.prepare<[string], ProjectRow>(
      'SELECT name, display_name, serial, etag, status FROM projects WHERE name = ?',
    ),
    publish: db.prepare<[string, string, number | null, string | null, string, number]>(
      `INSERT INTO projects (name, display_name, serial, etag, status, seen) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET display_name = excluded.display_name, serial = excluded.serial,
         etag = excluded.etag, status = excluded.status, seen = excluded.seen`,
    ),
    see: db.prepare<[number, string]>('UPDATE projects SET seen = ? WHERE name = ?'),
    forgetSerials: db.prepare<[]>('UPDATE projects SET serial = NULL'),
    forgetEtag: db.prepare<[string]>('UPDATE projects SET etag = NULL WHERE name = ?'),
    forgetEtags: db.prepare<[]>('UPDATE projects SET etag = NULL'),
    deleteProject: db.prepare<[string]>('DELETE FROM projects WHERE name = ?'),
    published: db.prepare<[string, number], ProjectRow>(
      'SELECT name, display_name, serial, etag, status FROM projects WHERE name > ? ORDER BY name LIMIT ?',
    ),

    filesOf: db.prepare<[string], FileRow>(
      'SELECT path, size, sha256, metadata_sha256, provenance FROM files WHERE project = ?',
    ),
    fileAt: db.prepare<[string], FileRow>(
      'SELECT path, size, sha256, metadata_sha256, provenance FROM files WHERE path = ?',
    ),
    holderOf: db.prepare<[string], { project: ProjectName }>('SELECT project FROM files WHERE path = ?'),
    hold: db.prepare<[string, string, number, Buffer, Buffer | null, number]>(
      `INSERT INTO files (path, project, size, sha256, metadata_sha256, provenance) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET project = excluded.project, size = excluded.size, sha256 = excluded.sha256,
         metadata_sha256 = excluded.metadata_sha256, provenance = excluded.provenance`,
    ),
    deleteFile: db.prepare<[string]>('DELETE FROM files WHERE path = ?'),
    deleteFilesOf: db.prepare<[string]>('DELETE FROM files WHERE project = ?'),

    totals: db.prepare<[], Totals>(
      `SELECT projects, files, bytes, (SELECT count(*) FROM queue) AS queued,
         (SELECT count(*) FROM queue WHERE attempts > 0) AS parked
       FROM totals`,
    ),
    recordRun: db.prepare<[number, number, number, string]>(
      'INSERT INTO runs (started, finished, exit_code, summary) VALUES (?, ?, ?, ?)',
    ),
    forgetRuns: db.prepare<[number]>('DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?'),
  };
}

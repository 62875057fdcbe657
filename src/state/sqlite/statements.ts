/** Every SQL statement of the state store, prepared once. */
import type Database from 'better-sqlite3';
import { groupedRuleSql } from '../../core/dependency-reason.ts';
import type { ProjectName } from '../../core/names.ts';
import type { WebPath } from '../../core/paths.ts';
import type { Requires, RuleTotals, Totals } from '../state-store.ts';
import type { DueReplanRow, DueRow, FileRow, ParkedRow, PlanRow, ProjectRow, UnprovenRow } from './rows.ts';

const dueColumns = 'name, display_name, serial, removed, obstacle, since, attempts, replan, deaths';

/**
 * Of the queue, at the time that is given twice. Nothing waits for longer than a day: what seems to was parked while
 * the clock was wrong.
 */
export const isDue = 'next_try NOT BETWEEN ? + 1 AND ? + 86400000';

/**
 * A name queued again is due at once; what upstream says last about its removal counts, which without a serial is nothing,
 * and a new serial is a new start.
 */
const enqueueConflict = `
  ON CONFLICT (name) DO UPDATE SET
    display_name = excluded.display_name, serial = max(serial, excluded.serial), next_try = 0, replan = 0,
    removed = iif(excluded.serial = 0, max(removed, excluded.removed), excluded.removed),
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
       ON CONFLICT (name) DO UPDATE SET next_try = 0, replan = 0`,
    ),
    enqueueUnseen: db.prepare<{ before: number; limit: number; now: number }>(
      `INSERT INTO queue (name, display_name, serial, removed, since)
       SELECT name, display_name, coalesce(serial, 0), 0, :now FROM (
         SELECT * FROM (
           SELECT * FROM projects WHERE seen < :before AND name NOT IN (SELECT name FROM queue) ORDER BY seen LIMIT :limit
         )
         -- Seen by a clock that was wrong.
         UNION ALL SELECT * FROM (SELECT * FROM projects WHERE seen > :now ORDER BY seen LIMIT :limit)
       ) WHERE true LIMIT :limit
       ON CONFLICT (name) DO NOTHING`,
    ),
    requeue: db.prepare<{ name: string; now: number }>(
      `INSERT INTO queue (name, display_name, serial, removed, since)
       VALUES (:name, coalesce((SELECT display_name FROM projects WHERE name = :name), :name),
         coalesce((SELECT serial FROM projects WHERE name = :name), 0), 0, :now)
       ON CONFLICT (name) DO UPDATE SET next_try = 0, replan = 0`,
    ),
    enqueueReplan: db.prepare<{ name: string; now: number }>(
      `INSERT INTO queue (name, display_name, serial, removed, since, replan)
       SELECT name, display_name, 0, 0, :now, 1 FROM projects WHERE name = :name ON CONFLICT (name) DO NOTHING`,
    ),
    dueReplans: db.prepare<[number, string, number], DueReplanRow>(
      `SELECT name, outcome, page FROM queue JOIN plans ON project = name
       WHERE replan = 1 AND removed = 0 AND next_try <= ? AND name > ? AND outcome IS NOT NULL ORDER BY name LIMIT ?`,
    ),
    wake: db.prepare<{ obstacle: string | null }>(
      'UPDATE queue SET next_try = 0 WHERE next_try > 0 AND obstacle = coalesce(:obstacle, obstacle)',
    ),
    enqueueDuePlans: db.prepare<{ now: number }>(
      `INSERT INTO queue (name, display_name, serial, removed, since, replan)
       SELECT p.name, p.display_name, 0, 0, :now, 1 FROM plans JOIN projects p ON p.name = plans.project
       WHERE next_change <= :now ON CONFLICT (name) DO NOTHING`,
    ),
    due: db.prepare<[number, number, string, number], DueRow>(
      `SELECT ${dueColumns} FROM queue WHERE ${isDue} AND name > ? ORDER BY name LIMIT ?`,
    ),
    dueRemoved: db.prepare<[number, number, string, number], DueRow>(
      `SELECT ${dueColumns} FROM queue WHERE removed = 1 AND ${isDue} AND name > ? ORDER BY name LIMIT ?`,
    ),
    dueAnnounced: db.prepare<[number, number, string, number], DueRow>(
      `SELECT ${dueColumns} FROM queue WHERE EXISTS (SELECT 1 FROM announced WHERE project = queue.name)
         AND ${isDue} AND name > ? ORDER BY name LIMIT ?`,
    ),
    parked: db.prepare<[number], ParkedRow>(
      `SELECT ${dueColumns}, next_try, reason FROM queue WHERE attempts > 0 ORDER BY since, name LIMIT ?`,
    ),
    queued: db.prepare<[string], ParkedRow>(`SELECT ${dueColumns}, next_try, reason FROM queue WHERE name = ?`),
    park: db.prepare<ParkValues>(
      `UPDATE queue SET attempts = :attempts, next_try = :nextTry, reason = :reason,
         since = iif(obstacle IS :obstacle, min(since, :now), :now), obstacle = :obstacle, under_way = 0 WHERE name = :name`,
    ),
    dequeue: db.prepare<[string, number]>('DELETE FROM queue WHERE name = ? AND serial <= ?'),
    outlive: db.prepare<[string]>('UPDATE queue SET under_way = 0, deaths = 0 WHERE name = ?'),

    held: db.prepare<[string], ProjectRow>(
      'SELECT name, display_name, serial, etag, status, restored, source FROM projects WHERE name = ?',
    ),
    publish: db.prepare<[string, string, number | null, string | null, string, string | null, number, number]>(
      `INSERT INTO projects (name, display_name, serial, etag, status, source, seen) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET display_name = excluded.display_name, serial = excluded.serial,
         etag = excluded.etag, status = excluded.status, source = excluded.source, seen = excluded.seen, restored = iif(?, 0, restored)`,
    ),
    sources: db.prepare<[], { source: string; projects: number }>(
      'SELECT source, count(*) AS projects FROM projects WHERE source IS NOT NULL GROUP BY source ORDER BY source',
    ),
    publishedFrom: db.prepare<[string], string>('SELECT name FROM projects WHERE source = ? ORDER BY name').pluck(),
    see: db.prepare<[number, string]>('UPDATE projects SET seen = ? WHERE name = ?'),
    forgetSerials: db.prepare<[]>('UPDATE projects SET serial = NULL'),
    forgetEtag: db.prepare<[string]>('UPDATE projects SET etag = NULL WHERE name = ?'),
    forgetEtags: db.prepare<[]>('UPDATE projects SET etag = NULL'),
    deleteProject: db.prepare<[string]>('DELETE FROM projects WHERE name = ?'),
    published: db.prepare<[string, number], ProjectRow>(
      'SELECT name, display_name, serial, etag, status, restored, source FROM projects WHERE name > ? ORDER BY name LIMIT ?',
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
    unsettle: db.prepare<[string, string]>('INSERT OR IGNORE INTO unsettled (project, path) VALUES (?, ?)'),
    unsettled: db.prepare<[string], { path: WebPath }>('SELECT path FROM unsettled WHERE project = ?'),
    settle: db.prepare<[string]>('DELETE FROM unsettled WHERE project = ?'),
    deleteFile: db.prepare<[string]>('DELETE FROM files WHERE path = ?'),
    deleteFilesOf: db.prepare<[string]>('DELETE FROM files WHERE project = ?'),

    unproven: db.prepare<[string], UnprovenRow>('SELECT filename, why, left_out FROM unproven WHERE project = ?'),
    putUnproven: db.prepare<[string, string, string, number]>(
      'INSERT OR REPLACE INTO unproven (project, filename, why, left_out) VALUES (?, ?, ?, ?)',
    ),
    deleteUnproven: db.prepare<[string]>('DELETE FROM unproven WHERE project = ?'),
    proven: db.prepare<[number], { files: number }>('SELECT files FROM proven WHERE provenance = ?'),
    leftOut: db.prepare<[], { files: number }>('SELECT count(*) AS files FROM unproven WHERE left_out = 1'),

    putPlan: db.prepare<[string, string, number | null, string, number, string, Buffer | null]>(
      `INSERT INTO plans (project, decision, next_change, rule, bytes, outcome, page) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (project) DO UPDATE SET decision = excluded.decision, next_change = excluded.next_change,
         rule = excluded.rule, bytes = excluded.bytes, outcome = excluded.outcome, page = excluded.page`,
    ),
    // The indexes of the rest are not touched where nothing else changed.
    redecide: db.prepare<{ name: string; decision: string; nextChange: number | null; rule: string }>(
      `UPDATE plans SET decision = :decision
       WHERE project = :name AND next_change IS :nextChange AND rule = :rule`,
    ),
    replan: db.prepare<{ name: string; decision: string; nextChange: number | null; rule: string }>(
      'UPDATE plans SET decision = :decision, next_change = :nextChange, rule = :rule WHERE project = :name',
    ),
    renamePlan: db.prepare<[string, string]>('UPDATE plans SET rule = ? WHERE project = ?'),
    deletePlan: db.prepare<[string]>('DELETE FROM plans WHERE project = ?'),
    plans: db.prepare<[string, number], PlanRow>(
      `SELECT p.name AS project, decision, next_change, rule, bytes FROM projects p LEFT JOIN plans ON project = p.name
       WHERE p.name > ? ORDER BY p.name LIMIT ?`,
    ),
    planTotals: db.prepare<[number], RuleTotals>(
      `SELECT ${groupedRuleSql('rule')} AS rule, sum(projects) AS projects, total(bytes) AS bytes
       FROM (SELECT rule, count(*) AS projects, total(bytes) AS bytes FROM plans GROUP BY rule)
       GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT ?`,
    ),
    decisionOf: db.prepare<[string], { decision: string }>('SELECT decision FROM plans WHERE project = ?'),
    plannedPage: db.prepare<[string], { page: Buffer | null }>('SELECT page FROM plans WHERE project = ?'),
    putRequires: db.prepare<[string, string]>(
      `INSERT INTO requires (project, edges) VALUES (?, ?)
       ON CONFLICT (project) DO UPDATE SET edges = excluded.edges WHERE edges <> excluded.edges`,
    ),
    deleteRequires: db.prepare<[string]>('DELETE FROM requires WHERE project = ?'),
    requires: db.prepare<[], Requires>('SELECT project AS name, edges FROM requires'),
    putWants: db.prepare<[string, string]>(
      `INSERT INTO wants (project, wants) VALUES (?, ?)
       ON CONFLICT (project) DO UPDATE SET wants = excluded.wants WHERE wants <> excluded.wants`,
    ),
    wanted: db.prepare<[], string>('SELECT project FROM wants').pluck(),
    deleteWants: db.prepare<[string]>('DELETE FROM wants WHERE project = ?'),
    wantsOf: db.prepare<[string], string>('SELECT wants FROM wants WHERE project = ?').pluck(),

    totals: db.prepare<[], Totals>(
      `SELECT projects, files, bytes, (SELECT count(*) FROM queue) AS queued,
         (SELECT count(*) FROM queue WHERE attempts > 0) AS parked,
         (SELECT count(*) FROM queue WHERE obstacle IN ('held-back', 'removal-held-back')) AS heldBack
       FROM totals`,
    ),
  };
}

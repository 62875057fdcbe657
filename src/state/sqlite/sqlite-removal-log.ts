/** The RemovalLog port over SQLite. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import type { WebPath } from '../../core/paths.ts';
import type { LostFile, Removal, RemovalCounts, RemovalLog } from '../removal-log.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

interface RemovalRow {
  readonly project: ProjectName;
  readonly path: WebPath | null;
  readonly sha256: Buffer | null;
  readonly at: number;
  readonly why: string;
}

interface LostRow {
  readonly path: WebPath;
  readonly sha256: Buffer;
}

interface Values {
  readonly project: string;
  readonly path: string | null;
  readonly sha256: Buffer | null;
  readonly now: number;
  readonly why: string;
}

interface Window {
  readonly time: number;
  readonly now: number;
}

/** SQL for the last changelog action about the quarantine of a queued project. */
const lastQuarantine = `(
  SELECT action FROM announced WHERE project = name AND action IN ('project quarantined', 'project quarantine cleared')
  ORDER BY id DESC LIMIT 1
)`;

const keptProjects = 'SELECT files.project FROM removed JOIN files USING (path)';

export class SqliteRemovalLog extends SqliteTables<ReturnType<typeof prepareStatements>> implements RemovalLog {
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  latest(limit: number): Removal[] {
    return this.do(() => this.sql.latest.all(limit)).map(({ project, path, sha256, at, why }) => {
      return { project, path: path ?? undefined, sha256: sha256?.toString('hex'), at, why };
    });
  }

  last(): number {
    return this.do(() => this.sql.last.get())?.id ?? 0;
  }

  since(time: number): RemovalCounts {
    const window = { time, now: this.clock.now() };
    return this.do(() => ({
      removals: this.sql.removalsSince.all(window).map(({ project }) => project),
      shares: new Map(this.sql.sharesSince.all(window).map(({ project, share }) => [project, share])),
    }));
  }

  queued(): ReadonlyMap<string | undefined, number> {
    return new Map(this.do(() => this.sql.queued.all()).map(({ source, count }) => [source ?? undefined, count]));
  }

  heldBack(): ReturnType<RemovalLog['heldBack']> {
    const rows = this.do(() => this.sql.heldBack.all());
    return new Map(rows.map(({ source, ...counts }) => [source ?? undefined, counts]));
  }

  lostFilesOf(name: ProjectName): LostFile[] {
    return this.do(() => this.sql.lostBy.all(name)).map(({ path, sha256 }) => ({
      path,
      sha256: sha256.toString('hex'),
    }));
  }

  forget(time: number): void {
    this.do(() => this.sql.forget.run(time));
  }

  keptProjects(after: ProjectName | undefined, limit: number): ProjectName[] {
    return this.do(() => this.sql.keptProjects.all(after ?? '', limit)).map(({ project }) => project);
  }

  importRemovals(removals: readonly Removal[]): void {
    const now = this.clock.now();
    this.transaction(() => {
      for (const { project, path = null, sha256, at, why } of removals.toReversed()) {
        const hash = sha256 === undefined ? null : Buffer.from(sha256, 'hex');
        this.sql.takeOver.run({ project, path, sha256: hash, now: Math.min(at, now), why });
      }
    });
  }

  forgetKeptFile(path: WebPath): void {
    this.do(() => this.sql.giveUp.run(path));
  }

  enqueueKept(): void {
    this.transaction(() => {
      this.sql.enqueueKept.run({ now: this.clock.now() });
      this.sql.forgetEtagsOfKept.run();
    });
  }

  markRestored(name: ProjectName): void {
    this.transaction(() => {
      this.sql.keep.run(name);
      this.sql.forgetProject.run(name);
      this.sql.forgetHeld.run({ name });
    });
  }

  /** Remembers the removal of a project. Within the transaction of the caller. */
  addProject(project: ProjectName, why: string): void {
    this.sql.forgetProject.run(project);
    this.sql.add.run({ project, path: null, sha256: null, now: this.clock.now(), why });
  }

  /** Remembers the removal of files, except kept ones already removed. Within the transaction of the caller. */
  addFiles(project: ProjectName, files: readonly LostFile[], why: string): void {
    const now = this.clock.now();
    for (const { path, sha256 } of files) {
      const added = this.sql.add.run({ project, path, sha256: Buffer.from(sha256, 'hex'), now, why });
      if (added.changes > 0) this.sql.forgetOlder.run({ project, path, why, id: added.lastInsertRowid });
    }
  }
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    latest: () =>
      db.prepare<[number], RemovalRow>('SELECT project, path, sha256, at, why FROM removed ORDER BY id DESC LIMIT ?'),
    last: () => db.prepare<[], { id: number }>('SELECT coalesce(max(id), 0) AS id FROM removed'),
    removalsSince: () =>
      db.prepare<Window, { project: ProjectName }>(
        `SELECT project FROM removed
       WHERE at > :time AND at <= :now AND path IS NULL AND why = 'removed upstream'`,
      ),
    sharesSince: () =>
      db.prepare<Window, { project: ProjectName; share: number }>(
        `WITH gone AS (
         SELECT project, path, why FROM removed
         WHERE at > :time AND at <= :now AND why IN ('removed upstream', 'not required any more')
       ), lost AS (
         SELECT project, count(*) AS files FROM gone
         WHERE project NOT IN (SELECT project FROM gone WHERE path IS NULL) GROUP BY project
       )
       SELECT project, 1.0 AS share FROM gone WHERE path IS NULL AND why = 'not required any more'
       UNION ALL
       SELECT project, 1.0 * files / (files + (
         -- An archive still holds what went.
         SELECT count(*) FROM files WHERE files.project = lost.project AND NOT EXISTS (
           SELECT 1 FROM removed WHERE removed.project = files.project AND removed.path = files.path
         )
       )) FROM lost`,
      ),
    queued: () =>
      db.prepare<[], { source: string | null; count: number }>(
        `SELECT source, count(*) AS count FROM queue JOIN projects USING (name)
       WHERE removed = 1 AND restored = 0 AND ${lastQuarantine} IS NOT 'project quarantined' GROUP BY source`,
      ),
    heldBack: () =>
      db.prepare<[], { source: string | null; removals: number; others: number }>(
        `SELECT source, count(*) FILTER (WHERE obstacle = 'removal-held-back') AS removals,
         count(*) FILTER (WHERE obstacle = 'held-back') AS others
       FROM queue LEFT JOIN projects USING (name)
       WHERE obstacle IN ('removal-held-back', 'held-back') GROUP BY source`,
      ),
    add: () =>
      db.prepare<Values>(
        `INSERT INTO removed (project, path, sha256, at, why)
       SELECT :project, :path, :sha256, :now, :why
       WHERE NOT EXISTS (
         SELECT 1 FROM removed JOIN files USING (path)
         WHERE removed.project = :project AND path = :path AND removed.sha256 = :sha256 AND why = :why
       )`,
      ),
    forgetOlder: () =>
      db.prepare<Pick<Values, 'project' | 'path' | 'why'> & { id: number | bigint }>(
        'DELETE FROM removed WHERE project = :project AND path = :path AND why = :why AND id < :id',
      ),
    forgetProject: () => db.prepare<[string]>('DELETE FROM removed WHERE project = ? AND path IS NULL'),
    forgetHeld: () =>
      db.prepare<{ name: string }>(
        'DELETE FROM removed WHERE project = :name AND path IN (SELECT path FROM files WHERE project = :name)',
      ),
    lostBy: () =>
      db.prepare<[string], LostRow>(
        `SELECT path, sha256 FROM removed
       WHERE project = ? AND path IS NOT NULL AND sha256 IS NOT NULL AND why IN ('removed upstream', 'quarantined upstream')
       ORDER BY id`,
      ),
    forget: () =>
      db.prepare<[number]>(
        'DELETE FROM removed WHERE at < ? AND NOT EXISTS (SELECT 1 FROM files WHERE files.path = removed.path)',
      ),
    keptProjects: () =>
      db.prepare<[string, number], { project: ProjectName }>(
        `SELECT DISTINCT project FROM (${keptProjects})
       WHERE project > ? AND project NOT IN (SELECT name FROM projects) ORDER BY 1 LIMIT ?`,
      ),
    takeOver: () =>
      db.prepare<Values>(
        `INSERT INTO removed (project, path, sha256, at, why)
       SELECT :project, :path, :sha256, :now, :why
       WHERE NOT EXISTS (SELECT 1 FROM removed WHERE project = :project AND path IS :path AND at = :now AND why = :why)`,
      ),
    giveUp: () => db.prepare<[string]>('DELETE FROM files WHERE path = ?'),
    enqueueKept: () =>
      db.prepare<{ now: number }>(
        `INSERT INTO queue (name, display_name, serial, removed, since)
       SELECT kept.project, coalesce(display_name, kept.project), coalesce(serial, 0), name IS NULL, :now
       FROM (SELECT DISTINCT project FROM (${keptProjects})) AS kept LEFT JOIN projects ON name = kept.project WHERE true
       ON CONFLICT (name) DO UPDATE SET next_try = 0`,
      ),
    forgetEtagsOfKept: () => db.prepare<[]>(`UPDATE projects SET etag = NULL WHERE name IN (${keptProjects})`),
    keep: () => db.prepare<[string]>('UPDATE projects SET restored = 1 WHERE name = ?'),
  });
}

/** The Queue port over SQLite. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import type { WebPath } from '../../core/paths.ts';
import {
  type KeptParked,
  type ListComparison,
  type Obstacle,
  obstacles,
  type Parked,
  type Queue,
  type QueuedProject,
  type QueueEntry,
  type QueueGroup,
  type QueueRequest,
} from '../queue.ts';
import { type Change, noChange } from '../state-section.ts';
import { nameOf } from './checked-text.ts';
import { isDue } from './is-due.ts';
import { compareList } from './list-comparison.ts';
import type { SqliteChangelogEntries } from './sqlite-changelog-entries.ts';
import type { SqliteHeldProjects } from './sqlite-held-projects.ts';
import type { SqliteMirrorState } from './sqlite-mirror-state.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

/** The parts of the state that are written in the same transaction as the queue. */
interface Beside {
  readonly mirror: SqliteMirrorState;
  readonly held: SqliteHeldProjects;
  readonly changelog: SqliteChangelogEntries;
}

export class SqliteQueue extends SqliteTables<ReturnType<typeof prepareStatements>> implements Queue {
  readonly #beside: Beside;

  constructor(connection: Connection, beside: Beside) {
    super(connection, prepareStatements);
    this.#beside = beside;
  }

  enqueue(requests: readonly QueueRequest[], change: Change = noChange): void {
    const { changelog, mirror } = this.#beside;
    this.transaction(() => {
      const now = this.clock.now();
      for (const { name, displayName, serial, isRemovedUpstream: removed, rows = [], isBack = false } of requests) {
        this.sql.enqueue.run(name, displayName, serial, removed ? 1 : 0, now);
        if (isBack) changelog.forgetRemoval(name);
        changelog.add(name, rows);
      }
      mirror.put(change);
    });
  }

  compareList(): ListComparison {
    const { mirror } = this.#beside;
    const list = this.do(() =>
      compareList(
        this.db,
        () => this.clock.now(),
        (change) => mirror.put(change),
      ),
    );
    return {
      add: (projects) => this.do(() => list.add(projects)),
      commit: (listSerial, change, lowers, source) => this.do(() => list.commit(listSerial, change, lowers, source)),
      abandon: () => this.do(() => list.abandon()),
    };
  }

  enqueueAllHeld(forgetSerials: boolean, change: Change = noChange): void {
    const { held, mirror } = this.#beside;
    this.transaction(() => {
      held.forgetEtags();
      if (forgetSerials) held.forgetSerials();
      this.sql.enqueueAllHeld.run({ now: this.clock.now() });
      mirror.put(change);
    });
  }

  enqueueUnseen(before: number, limit: number): number {
    return this.do(() => this.sql.enqueueUnseen.run({ before, limit, now: this.clock.now() }).changes);
  }

  requeue(name: ProjectName, damaged: readonly WebPath[]): void {
    this.transaction(() => {
      this.#beside.held.forgetDamaged(name, damaged);
      this.sql.requeue.run({ name, now: this.clock.now() });
    });
  }

  makeDue(obstacle?: Obstacle): void {
    this.do(() => this.sql.makeDue.run({ obstacle: obstacle ?? null }));
  }

  entryOf(name: ProjectName): QueueEntry | undefined {
    const row = this.do(() => this.sql.entry.get(name));
    return row && { ...dueOf(row), reason: row.reason ?? undefined, nextTry: nextTryOf(row) };
  }

  due(now: number, removed: boolean, after: ProjectName | undefined, limit: number): QueuedProject[] {
    const statement = removed ? this.sql.dueRemoved : this.sql.due;
    return this.do(() => statement.all({ now, after: after ?? '', limit }).map(dueOf));
  }

  dueAnnounced(now: number, after: ProjectName | undefined, limit: number): QueuedProject[] {
    return this.do(() => this.sql.dueAnnounced.all({ now, after: after ?? '', limit }).map(dueOf));
  }

  groups(): QueueGroup[] {
    const rows = this.do(() => this.sql.groups.all());
    return rows.map(({ obstacle, serial, ...row }) => ({
      ...row,
      obstacle: obstacle ?? undefined,
      serial: serial ?? undefined,
    }));
  }

  park(parked: Parked): void {
    this.do(() => this.putParked(parked));
  }

  parked(limit: number, heldBack?: boolean): KeptParked[] {
    const wanted = heldBack === undefined ? null : Number(heldBack);
    return this.do(() => this.sql.parked.all({ wanted, limit }).map(parkedOf));
  }

  parkedByObstacle(): ReadonlyMap<Obstacle, number> {
    const counts = this.do(() => this.sql.parkedByObstacle.get());
    return new Map(
      obstacles.flatMap((obstacle) => (counts?.[obstacle] ? [[obstacle, counts[obstacle]] as const] : [])),
    );
  }

  /** Within the transaction of the caller. */
  putParked({ due, obstacle, reason, nextTry }: Parked): void {
    const { name, attempts } = due;
    this.sql.park.run({ name, attempts, nextTry, reason, obstacle, now: this.clock.now() });
  }

  /**
   * Queues a published project to be replanned, unless it is queued already. Returns the number of projects queued.
   * Within the transaction of the caller.
   */
  addReplan(name: ProjectName): number {
    return this.sql.addReplan.run({ name, now: this.clock.now() }).changes;
  }

  /**
   * Takes out a project that was finished up to `serial`, and returns true. If there is news of it, the project stays
   * queued, not in progress and without crashes, and the result is false. Within the transaction of the caller.
   */
  takeOut(name: ProjectName, serial: number): boolean {
    if (this.sql.takeOut.run(name, serial).changes > 0) return true;
    this.sql.clearCrashes.run(name);
    return false;
  }

  /** Takes out a project of which only the rules changed. Within the transaction of the caller. */
  takeOutReplan(name: ProjectName): void {
    this.sql.takeOut.run(name, 0);
  }
}

interface DueRow {
  readonly name: string;
  readonly display_name: string;
  readonly serial: number;
  readonly removed: number;
  readonly obstacle: Obstacle | null;
  readonly since: number;
  readonly attempts: number;
  readonly replan: number;
  readonly deaths: number;
}

interface ParkedRow extends DueRow {
  readonly next_try: number;
  readonly reason: string | null;
}

/** Returns the queued project in `row`. */
function dueOf(row: DueRow): QueuedProject {
  const { display_name: displayName, serial, obstacle, since, attempts, deaths } = row;
  const name = nameOf(row.name);
  const [isRemovedUpstream, replan] = [row.removed === 1, row.replan === 1];
  const due = {
    name,
    displayName,
    serial,
    isRemovedUpstream,
    obstacle: obstacle ?? undefined,
    since,
    attempts,
    replan,
  };
  return deaths === 0 ? due : { ...due, deaths };
}

/** Returns the parked project in `row`. */
function parkedOf(row: ParkedRow): KeptParked {
  return { due: dueOf(row), obstacle: row.obstacle ?? 'failed', reason: row.reason ?? '', nextTry: nextTryOf(row) };
}

/** Returns the time of the next try; undefined if nothing was tried, or something has made the project due. */
function nextTryOf(row: ParkedRow): number | undefined {
  return row.next_try === 0 ? undefined : row.next_try;
}

interface GroupRow {
  readonly obstacle: Obstacle | null;
  readonly projects: number;
  readonly since: number;
  readonly serial: number | null;
}

interface Piece {
  readonly now: number;
  readonly after: string;
  readonly limit: number;
}

interface ParkValues {
  readonly attempts: number;
  readonly nextTry: number;
  readonly reason: string;
  readonly obstacle: string;
  readonly now: number;
  readonly name: string;
}

const dueColumns = 'name, display_name, serial, removed, obstacle, since, attempts, replan, deaths';

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    // A project that is queued again is due at once. Upstream's latest news of its removal counts, but a request
    // without a serial does not cancel a removal. A higher serial resets obstacle and attempts.
    enqueue: () =>
      db.prepare<[string, string, number, number, number]>(
        `INSERT INTO queue (name, display_name, serial, removed, since) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET
         display_name = excluded.display_name, serial = max(serial, excluded.serial), next_try = 0, replan = 0,
         removed = iif(excluded.serial = 0, max(removed, excluded.removed), excluded.removed),
         obstacle = iif(excluded.serial > serial, NULL, obstacle), attempts = iif(excluded.serial > serial, 0, attempts)`,
      ),
    enqueueAllHeld: () =>
      db.prepare<{ now: number }>(
        `INSERT INTO queue (name, display_name, serial, removed, since)
       SELECT name, display_name, coalesce(serial, 0), 0, :now FROM projects WHERE true
       ON CONFLICT (name) DO UPDATE SET next_try = 0, replan = 0`,
      ),
    enqueueUnseen: () =>
      db.prepare<{ before: number; limit: number; now: number }>(
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
    requeue: () =>
      db.prepare<{ name: string; now: number }>(
        `INSERT INTO queue (name, display_name, serial, removed, since)
       VALUES (:name, coalesce((SELECT display_name FROM projects WHERE name = :name), :name),
         coalesce((SELECT serial FROM projects WHERE name = :name), 0), 0, :now)
       ON CONFLICT (name) DO UPDATE SET next_try = 0, replan = 0`,
      ),
    addReplan: () =>
      db.prepare<{ name: string; now: number }>(
        `INSERT INTO queue (name, display_name, serial, removed, since, replan)
       SELECT name, display_name, 0, 0, :now, 1 FROM projects WHERE name = :name ON CONFLICT (name) DO NOTHING`,
      ),
    makeDue: () =>
      db.prepare<{ obstacle: string | null }>(
        'UPDATE queue SET next_try = 0 WHERE next_try > 0 AND obstacle = coalesce(:obstacle, obstacle)',
      ),
    entry: () => db.prepare<[string], ParkedRow>(`SELECT ${dueColumns}, next_try, reason FROM queue WHERE name = ?`),
    due: () =>
      db.prepare<Piece, DueRow>(
        `SELECT ${dueColumns} FROM queue WHERE ${isDue} AND name > :after ORDER BY name LIMIT :limit`,
      ),
    dueRemoved: () =>
      db.prepare<Piece, DueRow>(
        `SELECT ${dueColumns} FROM queue WHERE removed = 1 AND ${isDue} AND name > :after ORDER BY name LIMIT :limit`,
      ),
    dueAnnounced: () =>
      db.prepare<Piece, DueRow>(
        `SELECT ${dueColumns} FROM queue WHERE EXISTS (SELECT 1 FROM announced WHERE project = queue.name)
         AND ${isDue} AND name > :after ORDER BY name LIMIT :limit`,
      ),
    parked: () =>
      db.prepare<{ wanted: number | null; limit: number }, ParkedRow>(
        `SELECT ${dueColumns}, next_try, reason FROM queue
       WHERE attempts > 0 AND (:wanted IS NULL OR (ifnull(obstacle, '') IN ('held-back', 'removal-held-back')) = :wanted)
       ORDER BY since, name LIMIT :limit`,
      ),
    // Sums need one scan of the index, while GROUP BY would sort all of it.
    parkedByObstacle: () =>
      db.prepare<[], Readonly<Record<Obstacle, number | null>>>(
        `SELECT ${obstacles.map((obstacle) => `sum(coalesce(obstacle, 'failed') = '${obstacle}') AS "${obstacle}"`).join()}
       FROM queue WHERE attempts > 0`,
      ),
    groups: () =>
      db.prepare<[], GroupRow>(
        `SELECT iif(attempts > 0, coalesce(obstacle, 'failed'), NULL) AS obstacle, count(*) AS projects,
         min(since) AS since, min(nullif(serial, 0)) AS serial FROM queue GROUP BY 1 ORDER BY 1`,
      ),
    park: () =>
      db.prepare<ParkValues>(
        `UPDATE queue SET attempts = :attempts, next_try = :nextTry, reason = :reason,
         since = iif(obstacle IS :obstacle, min(since, :now), :now), obstacle = :obstacle, under_way = 0 WHERE name = :name`,
      ),
    takeOut: () => db.prepare<[string, number]>('DELETE FROM queue WHERE name = ? AND serial <= ?'),
    clearCrashes: () => db.prepare<[string]>('UPDATE queue SET under_way = 0, deaths = 0 WHERE name = ?'),
  });
}

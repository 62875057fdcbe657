/** The PageHashStore port over SQLite. */
import type Database from 'better-sqlite3';
import { bucketOf, groupOf } from '../../core/merkle-tree.ts';
import type { ProjectName } from '../../core/names.ts';
import type {
  PageHash,
  PageHashes,
  PageHashStore,
  PageKind,
  ProjectPages,
  QueuedPage,
  UpstreamPageDigest,
} from '../page-hashes.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

const kinds = ['json', 'html', 'upstream'] as const satisfies readonly PageKind[];

type Blob = Buffer | null;
type PagesRow = { readonly project: ProjectName } & Readonly<Record<PageKind, Blob>>;

interface SeenRow {
  readonly project: ProjectName;
  readonly isSeen: number;
  readonly sha256: Blob;
}

const queuedIn = `
  SELECT noted.project, seen_pages.project IS NOT NULL AS isSeen, sha256
  FROM temp.noted JOIN queue ON queue.name = noted.project LEFT JOIN seen_pages ON seen_pages.project = noted.project
  WHERE page_group = ? ORDER BY noted.project`;

const keepUnlessKnown = kinds.map((kind) => `${kind} = coalesce(?, ${kind})`).join(', ');

export class SqlitePageHashes extends SqliteTables<ReturnType<typeof prepareStatements>> implements PageHashStore {
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  unknown(kind: PageKind, after: ProjectName | undefined, limit: number): ProjectName[] {
    return this.do(() => this.sql.unknown[kind].all(after ?? '', limit)).map(({ project }) => project);
  }

  remember(projects: readonly ProjectPages[]): void {
    this.transaction(() => {
      for (const { name, pages } of projects) this.update(name, pages);
    });
  }

  hashesOf(name: ProjectName): PageHashes {
    const row = this.do(() => this.sql.hashesOf.get(bucketOf(name), name));
    return row === undefined ? {} : hashesIn(row);
  }

  projectsIn(bucket: number): ProjectPages[] {
    const rows = this.do(() => this.sql.projectsIn.all(bucket));
    return rows.map(({ project: name, ...blobs }) => ({ name, pages: hashesIn(blobs) }));
  }

  pagesIn(bucket: number, kind: PageKind): PageHash[] {
    return this.do(() => this.sql.pagesIn[kind].all(bucket));
  }

  staleBuckets(kind: PageKind): number[] {
    return this.do(() => this.sql.staleBuckets[kind].all()).map(({ bucket }) => bucket);
  }

  bucketHashes(kind: PageKind): Map<number, string> {
    const rows = this.do(() => this.sql.bucketHashes[kind].all());
    return new Map(rows.map(({ bucket, hash }) => [bucket, hash]));
  }

  rememberBuckets(kind: PageKind, hashes: ReadonlyMap<number, string>): void {
    this.transaction(() => {
      for (const [bucket, hash] of hashes) this.sql.rememberBucket[kind].run(hash, bucket);
    });
  }

  groupQueue(): void {
    this.do(() => {
      this.db.function('page_group', (name) => groupOf(String(name) as ProjectName));
      this.db.exec(`
        DROP TABLE IF EXISTS temp.noted;
        CREATE TEMP TABLE noted (page_group INTEGER, project TEXT, PRIMARY KEY (page_group, project)) WITHOUT ROWID;
        INSERT INTO temp.noted SELECT page_group(name), name FROM queue`);
    });
  }

  queuedIn(group: number): QueuedPage[] {
    const rows = this.do(() => this.db.prepare<[number], SeenRow>(queuedIn).all(group));
    return rows.map(({ project: name, isSeen, sha256 }) => ({ name, seen: isSeen === 0 ? undefined : seenIn(sha256) }));
  }

  setUpstreamDigest(name: ProjectName, seen: UpstreamPageDigest): void {
    this.do(() => this.sql.see.run({ name, sha256: blobOf(seen === 'absent' ? undefined : seen) }));
  }

  upstreamDigestOf(name: ProjectName): UpstreamPageDigest {
    const row = this.do(() => this.sql.seen.get(name));
    return row === undefined ? (this.hashesOf(name).upstream ?? 'absent') : seenIn(row.sha256);
  }

  /** Adds the row of a published project if it has none, and updates it. Within the transaction of the caller. */
  put(name: ProjectName, pages: PageHashes | undefined): void {
    this.sql.add.run(bucketOf(name), name);
    if (pages !== undefined) this.update(name, pages);
  }

  /** Updates the row of a project that has one. Within the transaction of the caller. */
  update(name: ProjectName, pages: PageHashes): void {
    this.sql.update.run(...kinds.map((kind) => blobOf(pages[kind])), bucketOf(name), name);
  }

  /** Deletes the row of a project that is not published any more. Within the transaction of the caller. */
  delete(name: ProjectName): void {
    this.sql.delete.run(bucketOf(name), name);
  }
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    add: () => db.prepare<[number, string]>('INSERT INTO pages (bucket, project) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    update: () =>
      db.prepare<(Blob | number | string)[]>(`UPDATE pages SET ${keepUnlessKnown} WHERE bucket = ? AND project = ?`),
    delete: () => db.prepare<[number, string]>('DELETE FROM pages WHERE bucket = ? AND project = ?'),
    hashesOf: () =>
      db.prepare<[number, string], PagesRow>(
        'SELECT project, json, html, upstream FROM pages WHERE bucket = ? AND project = ?',
      ),
    projectsIn: () =>
      db.prepare<[number], PagesRow>(
        'SELECT project, json, html, upstream FROM pages WHERE bucket = ? ORDER BY project',
      ),
    unknown: () =>
      forEachKind((kind) =>
        db.prepare<[string, number], { project: ProjectName }>(
          `SELECT project FROM pages WHERE ${kind} IS NULL AND project > ? ORDER BY project LIMIT ?`,
        ),
      ),
    pagesIn: () =>
      forEachKind((kind) =>
        db.prepare<[number], PageHash>(
          `SELECT project AS name, ${kind} AS sha256 FROM pages WHERE bucket = ? AND ${kind} IS NOT NULL ORDER BY project`,
        ),
      ),
    staleBuckets: () =>
      forEachKind((kind) =>
        db.prepare<[], { bucket: number }>(`SELECT bucket FROM page_buckets WHERE ${kind} IS NULL`),
      ),
    bucketHashes: () =>
      forEachKind((kind) =>
        db.prepare<[], { bucket: number; hash: string }>(
          `SELECT bucket, ${kind} AS hash FROM page_buckets WHERE ${kind} IS NOT NULL`,
        ),
      ),
    see: () =>
      db.prepare<{ name: string; sha256: Blob }>(
        `INSERT INTO seen_pages (project, sha256) SELECT name, :sha256 FROM queue WHERE name = :name
       ON CONFLICT (project) DO UPDATE SET sha256 = excluded.sha256`,
      ),
    seen: () => db.prepare<[string], { sha256: Blob }>('SELECT sha256 FROM seen_pages WHERE project = ?'),
    rememberBucket: () =>
      forEachKind((kind) => db.prepare<[string, number]>(`UPDATE page_buckets SET ${kind} = ? WHERE bucket = ?`)),
  });
}

function forEachKind<T>(make: (kind: PageKind) => T): Readonly<Record<PageKind, T>> {
  return onFirstUse({ json: () => make('json'), html: () => make('html'), upstream: () => make('upstream') });
}

function blobOf(hex: string | undefined): Blob {
  return hex === undefined ? null : Buffer.from(hex, 'hex');
}

function seenIn(sha256: Blob): UpstreamPageDigest {
  return sha256?.toString('hex') ?? 'absent';
}

function hashesIn(blobs: Readonly<Record<PageKind, Blob>>): PageHashes {
  return Object.fromEntries(kinds.map((kind) => [kind, blobs[kind]?.toString('hex')]));
}

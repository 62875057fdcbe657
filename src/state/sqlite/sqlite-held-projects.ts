/** The HeldProjects port over SQLite. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import { type WebPath, withSidecars } from '../../core/paths.ts';
import { heldSidecars } from '../../core/sidecars.ts';
import type { IndexEntry } from '../../formats/simple/root-index.ts';
import type { HeldFile, HeldProject, HeldProjects } from '../held-projects.ts';
import { filePathOf, nameOf } from './checked-text.ts';
import { provenanceNumber, verdictOf } from './provenance-number.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

/** A project as its page is published. */
interface PublishedProject {
  readonly name: ProjectName;
  readonly displayName: string;
  readonly serial: number | undefined;
  readonly etag: string | undefined;
  readonly status: string;
  readonly source: string | undefined;
  /** True if upstream has just served the page: a restored project then counts as a normal one again. */
  readonly served: boolean;
}

export class SqliteHeldProjects extends SqliteTables<ReturnType<typeof prepareStatements>> implements HeldProjects {
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  project(name: ProjectName): HeldProject {
    return this.do(() => heldOf(this.sql.project.get(name), this.sql.filesOf.all(name)));
  }

  isPublished(name: ProjectName): boolean {
    return this.do(() => this.sql.project.get(name)) !== undefined;
  }

  file(path: WebPath): HeldFile | undefined {
    const row = this.do(() => this.sql.fileAt.get(path));
    return row && fileOf(row);
  }

  pathsBelow(folder: WebPath, maxFiles: number): ReadonlySet<WebPath> | undefined {
    // '0' is the character after '/'.
    const rows = this.do(() => this.sql.filesBelow.all(`${folder}/`, `${folder}0`, maxFiles + 1));
    if (rows.length > maxFiles) return undefined;
    return new Set(rows.map(fileOf).flatMap((file) => withSidecars(file.path, heldSidecars(file))));
  }

  filesAfter(after: WebPath | undefined, limit: number): HeldFile[] {
    return this.do(() => this.sql.filesAfter.all(after ?? '', limit)).map(fileOf);
  }

  holderOf(path: WebPath): ProjectName | undefined {
    return this.do(() => this.sql.holderOf.get(path))?.project;
  }

  addFiles(name: ProjectName, files: readonly HeldFile[]): void {
    if (files.length === 0) return;
    this.transaction(() => {
      for (const file of files) {
        const { path, size, sha256, metadataSha256 } = file;
        const metadata = metadataSha256 === undefined ? null : Buffer.from(metadataSha256, 'hex');
        this.sql.putFile.run(path, name, size, Buffer.from(sha256, 'hex'), metadata, provenanceNumber(file));
      }
    });
  }

  addPendingFiles(name: ProjectName, paths: readonly WebPath[]): void {
    this.transaction(() => {
      for (const path of paths) this.sql.addPending.run(name, path);
    });
  }

  pendingFiles(name: ProjectName): WebPath[] {
    return this.do(() => this.sql.pending.all(name)).map(({ path }) => path);
  }

  published(after: ProjectName | undefined, limit: number): IndexEntry[] {
    return this.do(() => this.sql.published.all(after ?? '', limit)).map(entryOf);
  }

  publishedFrom(source: string): ProjectName[] {
    return this.do(() => this.sql.publishedFrom.all(source)).map(nameOf);
  }

  sources(): { readonly source: string; readonly projects: number }[] {
    return this.do(() => this.sql.sources.all());
  }

  /** Within the transaction of the caller, as are all below. */
  putProject({ name, displayName, serial, etag, status, source, served }: PublishedProject): void {
    const seen = this.clock.now();
    const row = { name, displayName, serial: serial ?? null, etag: etag ?? null, status, source: source ?? null, seen };
    this.sql.publish.run({ ...row, served: served ? 1 : 0 });
  }

  /** Remembers that the project was inspected and is unchanged. */
  markSeen(name: ProjectName): void {
    this.sql.see.run(this.clock.now(), name);
  }

  /** Returns true if the project was there. */
  deleteProject(name: ProjectName): boolean {
    return this.sql.deleteProject.run(name).changes > 0;
  }

  serialOf(name: ProjectName): number {
    return this.sql.project.get(name)?.serial ?? 0;
  }

  deleteFiles(paths: Iterable<WebPath>): void {
    for (const path of paths) this.sql.deleteFile.run(path);
  }

  deleteFilesOf(name: ProjectName): void {
    this.sql.deleteFilesOf.run(name);
  }

  forgetPending(name: ProjectName): void {
    this.sql.forgetPending.run(name);
  }

  /** Makes damaged files of the project pending instead of held. Forgets its ETag, so that its page is read again. */
  forgetDamaged(name: ProjectName, damaged: readonly WebPath[]): void {
    this.deleteFiles(damaged);
    for (const path of damaged) this.sql.addPending.run(name, path);
    this.sql.forgetEtag.run(name);
  }

  forgetEtags(): void {
    this.sql.forgetEtags.run();
  }

  forgetSerials(): void {
    this.sql.forgetSerials.run();
  }
}

interface FileRow {
  readonly path: string;
  readonly size: number;
  readonly sha256: Buffer;
  readonly metadata_sha256: Buffer | null;
  readonly provenance: number;
}

/** The columns of a project that the root index shows. */
export interface EntryRow {
  readonly name: string;
  readonly display_name: string;
  readonly serial: number | null;
}

interface ProjectRow extends EntryRow {
  readonly etag: string | null;
  readonly status: string;
  readonly restored: number;
  readonly source: string | null;
}

interface PublishValues {
  readonly name: string;
  readonly displayName: string;
  readonly serial: number | null;
  readonly etag: string | null;
  readonly status: string;
  readonly source: string | null;
  readonly seen: number;
  readonly served: number;
}

/** Returns the entry of the root index in `row`. */
export function entryOf(row: EntryRow): IndexEntry {
  return { name: nameOf(row.name), displayName: row.display_name, serial: row.serial ?? undefined };
}

/** Returns the held file in `row`. */
function fileOf(row: FileRow): HeldFile {
  const path = filePathOf(row.path);
  const verdict = verdictOf(row.provenance);
  return {
    path,
    size: row.size,
    sha256: row.sha256.toString('hex'),
    metadataSha256: row.metadata_sha256?.toString('hex'),
    provenance: row.provenance > 0,
    ...(verdict && { verdict }),
  };
}

/** Returns the project in `row` with its held files. */
function heldOf(row: ProjectRow | undefined, files: readonly FileRow[]): HeldProject {
  return {
    published: row !== undefined,
    displayName: row?.display_name,
    serial: row?.serial ?? undefined,
    etag: row?.etag ?? undefined,
    status: row?.status,
    restored: row?.restored === 1,
    source: row?.source ?? undefined,
    files: files.map(fileOf),
  };
}

const projectColumns = 'name, display_name, serial, etag, status, restored, source';
const fileColumns = 'path, size, sha256, metadata_sha256, provenance';

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    project: () => db.prepare<[string], ProjectRow>(`SELECT ${projectColumns} FROM projects WHERE name = ?`),
    published: () =>
      db.prepare<[string, number], ProjectRow>(
        `SELECT ${projectColumns} FROM projects WHERE name > ? ORDER BY name LIMIT ?`,
      ),
    publishedFrom: () =>
      db.prepare<[string], string>('SELECT name FROM projects WHERE source = ? ORDER BY name').pluck(),
    sources: () =>
      db.prepare<[], { source: string; projects: number }>(
        'SELECT source, count(*) AS projects FROM projects WHERE source IS NOT NULL GROUP BY source ORDER BY source',
      ),
    publish: () =>
      db.prepare<PublishValues>(
        `INSERT INTO projects (name, display_name, serial, etag, status, source, seen)
       VALUES (:name, :displayName, :serial, :etag, :status, :source, :seen)
       ON CONFLICT (name) DO UPDATE SET display_name = excluded.display_name, serial = excluded.serial,
         etag = excluded.etag, status = excluded.status, source = excluded.source, seen = excluded.seen,
         restored = iif(:served, 0, restored)`,
      ),
    see: () => db.prepare<[number, string]>('UPDATE projects SET seen = ? WHERE name = ?'),
    deleteProject: () => db.prepare<[string]>('DELETE FROM projects WHERE name = ?'),
    forgetSerials: () => db.prepare<[]>('UPDATE projects SET serial = NULL'),
    forgetEtag: () => db.prepare<[string]>('UPDATE projects SET etag = NULL WHERE name = ?'),
    forgetEtags: () => db.prepare<[]>('UPDATE projects SET etag = NULL'),
    filesOf: () => db.prepare<[string], FileRow>(`SELECT ${fileColumns} FROM files WHERE project = ?`),
    fileAt: () => db.prepare<[string], FileRow>(`SELECT ${fileColumns} FROM files WHERE path = ?`),
    filesBelow: () =>
      db.prepare<[string, string, number], FileRow>(
        `SELECT ${fileColumns} FROM files WHERE path > ? AND path < ? LIMIT ?`,
      ),
    filesAfter: () =>
      db.prepare<[string, number], FileRow>(`SELECT ${fileColumns} FROM files WHERE path > ? ORDER BY path LIMIT ?`),
    holderOf: () => db.prepare<[string], { project: ProjectName }>('SELECT project FROM files WHERE path = ?'),
    putFile: () =>
      db.prepare<[string, string, number, Buffer, Buffer | null, number]>(
        `INSERT INTO files (path, project, size, sha256, metadata_sha256, provenance) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET project = excluded.project, size = excluded.size, sha256 = excluded.sha256,
         metadata_sha256 = excluded.metadata_sha256, provenance = excluded.provenance`,
      ),
    deleteFile: () => db.prepare<[string]>('DELETE FROM files WHERE path = ?'),
    deleteFilesOf: () => db.prepare<[string]>('DELETE FROM files WHERE project = ?'),
    addPending: () => db.prepare<[string, string]>('INSERT OR IGNORE INTO unsettled (project, path) VALUES (?, ?)'),
    pending: () => db.prepare<[string], { path: WebPath }>('SELECT path FROM unsettled WHERE project = ?'),
    forgetPending: () => db.prepare<[string]>('DELETE FROM unsettled WHERE project = ?'),
  });
}

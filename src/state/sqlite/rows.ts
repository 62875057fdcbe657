/** SQLite's rows, and the values they stand for. */
import type { ProjectName } from '../../core/names.ts';
import type { WebPath } from '../../core/paths.ts';
import type { Due, HeldFile, Obstacle } from '../state-store.ts';

export interface DueRow {
  readonly name: ProjectName;
  readonly display_name: string;
  readonly serial: number;
  readonly removed: number;
  readonly obstacle: Obstacle | null;
  readonly since: number;
  readonly attempts: number;
}

export interface ParkedRow extends DueRow {
  readonly next_try: number;
  readonly reason: string | null;
}

export interface FileRow {
  readonly path: WebPath;
  readonly size: number;
  readonly sha256: Buffer;
  readonly metadata_sha256: Buffer | null;
  readonly provenance: number;
}

export interface ProjectRow {
  readonly name: ProjectName;
  readonly display_name: string;
  readonly serial: number | null;
  readonly etag: string | null;
  readonly status: string;
}

/** The queued project in `row`. */
export function dueOf(row: DueRow): Due {
  const { name, display_name: displayName, serial, removed, obstacle, since, attempts } = row;
  return { name, displayName, serial, removed: removed === 1, obstacle: obstacle ?? undefined, since, attempts };
}

/** The held file in `row`. */
export function fileOf(row: FileRow): HeldFile {
  return {
    path: row.path,
    size: row.size,
    sha256: row.sha256.toString('hex'),
    metadataSha256: row.metadata_sha256?.toString('hex'),
    provenance: row.provenance === 1,
  };
}

/** SQLite's rows, and the values they stand for. A database may be anybody's: what names a path is looked at. */
import { StorageError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { isBlobPath } from '../../core/paths.ts';
import type { Due, HeldFile, Obstacle, PlanSummary } from '../state-store.ts';

export interface DueRow {
  readonly name: string;
  readonly display_name: string;
  readonly serial: number;
  readonly removed: number;
  readonly obstacle: Obstacle | null;
  readonly since: number;
  readonly attempts: number;
  readonly replan: number;
}

export interface ParkedRow extends DueRow {
  readonly next_try: number;
  readonly reason: string | null;
}

export interface FileRow {
  readonly path: string;
  readonly size: number;
  readonly sha256: Buffer;
  readonly metadata_sha256: Buffer | null;
  readonly provenance: number;
}

export interface ProjectRow {
  readonly name: string;
  readonly display_name: string;
  readonly serial: number | null;
  readonly etag: string | null;
  readonly status: string;
}

export interface PlanRow {
  readonly project: string;
  readonly decision: string | null;
  readonly next_change: number | null;
  readonly rule: string | null;
  readonly bytes: number | null;
}

/** The queued project in `row`. */
export function dueOf(row: DueRow): Due {
  const { display_name: displayName, serial, obstacle, since, attempts } = row;
  const name = nameOf(row.name);
  const [removed, replan] = [row.removed === 1, row.replan === 1];
  return { name, displayName, serial, removed, obstacle: obstacle ?? undefined, since, attempts, replan };
}

/** The held file in `row`. */
export function fileOf(row: FileRow): HeldFile {
  if (!isBlobPath(row.path)) throw damaged(row.path, 'the place of a file');
  return {
    path: row.path,
    size: row.size,
    sha256: row.sha256.toString('hex'),
    metadataSha256: row.metadata_sha256?.toString('hex'),
    provenance: row.provenance === 1,
  };
}

/** The plan in `row`; without a decision for a project that has none. */
export function planOf(row: PlanRow): PlanSummary | { name: ProjectName; decision?: undefined } {
  const { decision, next_change: nextChange, rule, bytes } = row;
  const name = nameOf(row.project);
  if (decision === null || rule === null || bytes === null) return { name };
  return { name, decision, nextChange: nextChange ?? undefined, rule, bytes };
}

/** The name of a project that `text` is. Throws StorageError. */
export function nameOf(text: string): ProjectName {
  const name = projectName(text);
  if (name === text) return name;
  throw damaged(text, 'the name of a project');
}

function damaged(text: string, expected: string): StorageError {
  return new StorageError(
    `state.db: expected ${expected}, found ${JSON.stringify(text)}; pep381checkfiles --rebuild makes it anew from the tree`,
  );
}

/** SQLite's rows, and the values they stand for. A database may be anybody's: what names a path is looked at. */
import { StorageError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { isBlobPath } from '../../core/paths.ts';
import type { IndexEntry } from '../../formats/simple/root-index.ts';
import type { ProvenanceProblem, Verdict } from '../provenance-records.ts';
import type {
  DueReplan,
  HeldFile,
  HeldProject,
  KeptParked,
  Obstacle,
  PlanSummary,
  QueuedProject,
  QueueEntry,
} from '../state-store.ts';

export interface DueRow {
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

export interface ParkedRow extends DueRow {
  readonly next_try: number;
  readonly reason: string | null;
}

export interface FileRow {
  readonly path: string;
  readonly size: number;
  readonly sha256: Buffer;
  readonly metadata_sha256: Buffer | null;
  /** 0 for none, 1 for an object that nobody looked at, then as {@link verdicts}. */
  readonly provenance: number;
}

export interface UnprovenRow {
  readonly filename: string;
  readonly why: string;
  readonly left_out: number;
}

export interface ProjectRow {
  readonly name: string;
  readonly display_name: string;
  readonly serial: number | null;
  readonly etag: string | null;
  readonly status: string;
  readonly restored: number;
  readonly source: string | null;
}

export interface PlanRow {
  readonly project: string;
  readonly decision: string | null;
  readonly next_change: number | null;
  readonly rule: string | null;
  readonly bytes: number | null;
}

export interface DueReplanRow {
  readonly name: ProjectName;
  readonly outcome: string;
  readonly page: Buffer | null;
}

/** The project to be planned anew in `row`. */
export function replanOf({ name, outcome, page }: DueReplanRow): DueReplan {
  return { name, resultDigest: outcome, page: page ?? undefined };
}

/** The queued project in `row`. */
export function dueOf(row: DueRow): QueuedProject {
  const { display_name: displayName, serial, obstacle, since, attempts, deaths } = row;
  const name = nameOf(row.name);
  const [removed, replan] = [row.removed === 1, row.replan === 1];
  const due = { name, displayName, serial, removed, obstacle: obstacle ?? undefined, since, attempts, replan };
  return deaths === 0 ? due : { ...due, deaths };
}

/** The parked project in `row`. */
export function parkedOf(row: ParkedRow): KeptParked {
  return { due: dueOf(row), obstacle: row.obstacle ?? 'failed', reason: row.reason ?? '', nextTry: nextTryOf(row) };
}

/** The queued project in `row`, parked or not. */
export function queuedOf(row: ParkedRow): QueueEntry {
  return { ...dueOf(row), reason: row.reason ?? undefined, nextTry: nextTryOf(row) };
}

/** Undefined where nothing was tried, or something has made it due before its time. */
function nextTryOf(row: ParkedRow): number | undefined {
  return row.next_try === 0 ? undefined : row.next_try;
}

/** What stands for 2, 3 and 4. */
const verdicts: readonly Verdict[] = ['verified', 'failed', 'lost'];
const firstVerdict = 2;

/** The number that stands for what is held of a file's provenance. */
export function provenanceNumber({ provenance, verdict }: Pick<HeldFile, 'provenance' | 'verdict'>): number {
  if (!provenance) return 0;
  return verdict === undefined ? 1 : firstVerdict + verdicts.indexOf(verdict);
}

/** What is wrong with a file, in `row`. */
export function unprovenOf({ filename, why, left_out: leftOut }: UnprovenRow): ProvenanceProblem {
  return { filename, why, leftOut: leftOut === 1 };
}

/** The entry of the root index in `row`. */
export function entryOf(row: ProjectRow): IndexEntry {
  return { name: nameOf(row.name), displayName: row.display_name, serial: row.serial ?? undefined };
}

/** The held file in `row`. */
export function fileOf(row: FileRow): HeldFile {
  if (!isBlobPath(row.path)) throw damaged(row.path, 'the place of a file');
  const verdict = verdicts[row.provenance - firstVerdict];
  return {
    path: row.path,
    size: row.size,
    sha256: row.sha256.toString('hex'),
    metadataSha256: row.metadata_sha256?.toString('hex'),
    provenance: row.provenance > 0,
    ...(verdict && { verdict }),
  };
}

/** What is held of the project in `row`. */
export function heldOf(row: ProjectRow | undefined, files: readonly FileRow[]): HeldProject {
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

/** The plan in `row`; without a decision for a project that has none. */
export function planOf(row: PlanRow): PlanSummary | { name: ProjectName; decisionKey?: undefined } {
  const { decision, next_change: nextChange, rule, bytes } = row;
  const name = nameOf(row.project);
  if (decision === null || rule === null || bytes === null) return { name };
  return { name, decisionKey: decision, nextChange: nextChange ?? undefined, rule, bytes };
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

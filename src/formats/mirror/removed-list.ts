/** `web/removed.json`: what was removed and why, for people and for mirrors that mirror from this one. */
import { NonsenseError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { isBlobPath, type WebPath } from '../../core/paths.ts';
import { isJsonObject, parseJson } from '../json.ts';

/** A removed project or a removed file of it. */
export interface RemovedEntry {
  readonly project: string;
  /** The path below `web/`, or undefined for the whole project. */
  readonly path: string | undefined;
  readonly sha256: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly why: string;
}

/** Returns the text of the list, the latest entry first. `complete` is false if older entries are left out. */
export function renderRemovedList(entries: readonly RemovedEntry[], complete: boolean): string {
  const removed = entries.map(({ project, path, sha256, at, why }) =>
    JSON.stringify({ project, path, sha256, removed: new Date(at).toISOString(), why }),
  );
  return `{"complete":${complete},"removed":[${removed.map((entry) => `\n${entry}`).join(',')}\n]}\n`;
}

/** An entry that was read, with every member checked. */
export interface ReadEntry extends RemovedEntry {
  readonly project: ProjectName;
  readonly path: WebPath | undefined;
}

const maxReasonLength = 1000;

/**
 * Reads a list that {@link renderRemovedList} has made, the latest entry first. Malformed entries are skipped; a
 * malformed list is an empty one.
 */
export function parseRemovedList(text: string): ReadEntry[] {
  const list = parsed(text);
  return list.flatMap((entry) => entryOf(entry) ?? []);
}

function parsed(text: string): readonly unknown[] {
  try {
    const json = parseJson(text, 'removed.json');
    return isJsonObject(json) && Array.isArray(json.removed) ? json.removed : [];
  } catch (error) {
    if (error instanceof NonsenseError) return [];
    throw error;
  }
}

function entryOf(entry: unknown): ReadEntry | undefined {
  if (!isJsonObject(entry)) return undefined;
  const { project: name, path, sha256, removed, why } = entry;
  const project = typeof name === 'string' ? projectName(name) : undefined;
  const at = typeof removed === 'string' ? Date.parse(removed) : Number.NaN;
  if (project === undefined || project !== name || !(at >= 0) || typeof why !== 'string') return undefined;
  const common = { project, at, why: why.slice(0, maxReasonLength) };
  if (path === undefined) return { ...common, path, sha256: undefined };
  const isFile = typeof path === 'string' && isBlobPath(path) && typeof sha256 === 'string' && isSha256.test(sha256);
  return isFile ? { ...common, path, sha256 } : undefined;
}

const isSha256 = /^[0-9a-f]{64}$/;

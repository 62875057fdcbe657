/**
 * The change feed: the changes of a mirror, as static files for the mirrors that mirror from it.
 *
 *   changes.json     the latest changes, and the range of changes that are available
 *   changes/<n>.json 256 earlier changes, with the numbers 256 k + 1 to 256 k + 256, where n is k modulo 400
 *
 * Each change has a number, one higher than that of the change before. A number is meaningful only together with the
 * feed's id. A piece is replaced by the one 400 pieces later, so that there are never more than 400. Readers must check
 * the id and the numbers in a piece.
 */
import { NonsenseError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { changesRoot, childPath, type WebPath } from '../../core/paths.ts';
import { parseDistributionName } from '../../packaging/distribution-name.ts';
import { isJsonObject, type JsonObject, parseJson, serialOf } from '../json.ts';

/** A change to what a mirror publishes of a project. */
export interface FeedChange {
  readonly number: number;
  readonly name: ProjectName;
  readonly displayName: string;
  /**
   * Upstream's serial of the page that is published or was published last; undefined if the mirror does not know it.
   */
  readonly serial: number | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The reason why the project was removed; undefined if it was published. */
  readonly removed: string | undefined;
  /** Releases with files that were removed because upstream has quarantined them. */
  readonly quarantined: readonly string[];
}

/** Consecutive changes. */
export interface FeedPiece {
  readonly id: string;
  /** The number of the first change, or `last` + 1 if there are none. */
  readonly first: number;
  readonly last: number;
  /** In the order of numbers. Changes of projects with an invalid name are left out. */
  readonly changes: readonly FeedChange[];
}

/** The latest changes, and members about the feed as a whole. */
export interface FeedHead extends FeedPiece {
  /** The serial of its own upstream up to which the mirror is complete; undefined if it knows no serials. */
  readonly serial: number | undefined;
  /** The number of the earliest available change, or `last` + 1 if there are none. */
  readonly oldest: number;
  /** The list of all projects is at least as new as the change with this number. */
  readonly listed: number;
}

export const changesPerPiece = 256;
export const maxPieces = 400;
const formatVersion = 1;
/** Bytes. Far more than a piece of short names and long reasons has. */
export const maxPieceBytes = 4 << 20;
const maxReasonLength = 200;
const maxVersionLength = 100;
const maxReleases = 1000;
/** Far higher than any real index reaches. */
const maxNumber = 1e14;

/** Returns the versions of `project` that these files belong to, each once. */
export function releasesOf(filenames: readonly string[], project: ProjectName): string[] {
  const versions = filenames.flatMap((filename) => parseDistributionName(filename, project)?.version ?? []);
  return [...new Set(versions)];
}

/** Returns the number of complete pieces after `last` changes. */
export function completePieces(last: number): number {
  return Math.floor(last / changesPerPiece);
}

/** Returns the number of the earliest available change, if the latest one is `last`. */
export function oldestOf(last: number): number {
  return Math.max(0, completePieces(last) - maxPieces) * changesPerPiece + 1;
}

/** Returns the path of the piece whose first change is 256 `piece` + 1. */
export function piecePath(piece: number): WebPath {
  return childPath(changesRoot, `${piece % maxPieces}.json`);
}

/** Returns the text of the file with the latest changes. */
export function renderFeedHead(head: Omit<FeedHead, 'first'>): string {
  const { id, serial, oldest, listed, last, changes } = head;
  return render({ version: formatVersion, feed: id, serial: serial ?? null, oldest, listed, last }, changes);
}

/** Returns the text of a complete piece. */
export function renderFeedPiece({ id, first, last, changes }: FeedPiece): string {
  return render({ version: formatVersion, feed: id, first, last }, changes);
}

function render(head: JsonObject, changes: readonly FeedChange[]): string {
  const text = JSON.stringify(head).slice(0, -1);
  return `${text},"changes":[${changes.map((change) => `\n${renderChange(change)}`).join(',')}\n]}\n`;
}

function renderChange({ number, displayName, serial, at, removed, quarantined }: FeedChange): string {
  return JSON.stringify({
    number,
    project: displayName,
    serial,
    time: new Date(at).toISOString(),
    removed: removed?.slice(0, maxReasonLength),
    quarantined: quarantined.length === 0 ? undefined : quarantined,
  });
}

/**
 * Reads the file with the latest changes. `source` names it in errors. Throws {@link NonsenseError} if it is malformed.
 */
export function parseFeedHead(text: string, source: string): FeedHead {
  const json = feedObject(text, source);
  const last = numberIn(json, 'last', source);
  const first = completePieces(last) * changesPerPiece + 1;
  const head = {
    ...pieceFrom(json, first, last, source),
    serial: serialOf(json.serial),
    oldest: numberIn(json, 'oldest', source),
    listed: numberIn(json, 'listed', source),
  };
  if (head.oldest < oldestOf(last) || head.oldest > last + 1 || head.listed > last) {
    throw new NonsenseError(`${source}: expected numbers up to ${last}, found ${head.oldest} and ${head.listed}`);
  }
  return head;
}

/**
 * Reads the piece of the feed `id` whose first change is 256 `piece` + 1. Throws {@link NonsenseError} if it is
 * malformed, or is another piece.
 */
export function parseFeedPiece(text: string, id: string, piece: number, source: string): FeedPiece {
  const json = feedObject(text, source);
  const first = piece * changesPerPiece + 1;
  const found = pieceFrom(json, first, first + changesPerPiece - 1, source);
  if (found.id === id && json.first === first) return found;
  throw new NonsenseError(`${source}: expected the changes from ${first} of feed ${id}, found others`);
}

function feedObject(text: string, source: string): JsonObject {
  const json = parseJson(text, source);
  if (!isJsonObject(json)) throw new NonsenseError(`${source}: expected a JSON object`);
  if (json.version === formatVersion) return json;
  throw new NonsenseError(`${source}: expected a change feed of version ${formatVersion}, found another one`);
}

/**
 * Reads the changes `first` to `last`. Throws unless each number is there once, in order: a missing change would be
 * lost.
 */
function pieceFrom(json: JsonObject, first: number, last: number, source: string): FeedPiece {
  const { feed: id, changes: entries } = json;
  if (typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id)) throw new NonsenseError(`${source}: the feed has no id`);
  if (!Array.isArray(entries) || entries.length !== last - first + 1) {
    throw new NonsenseError(`${source}: expected the changes from ${first} to ${last}, found others`);
  }
  const changes = entries.flatMap((entry: unknown, at) => changeFrom(entry, first + at, source) ?? []);
  return { id, first, last, changes };
}

function changeFrom(json: unknown, number: number, source: string): FeedChange | undefined {
  if (!isJsonObject(json) || json.number !== number) {
    throw new NonsenseError(`${source}: expected change ${number}, found another one`);
  }
  const { project, time, removed, quarantined = [] } = json;
  const name = typeof project === 'string' ? projectName(project) : undefined;
  if (name === undefined || typeof project !== 'string') return undefined;
  if ((removed !== undefined && typeof removed !== 'string') || !Array.isArray(quarantined)) {
    throw new NonsenseError(`${source}: change ${number} cannot be understood`);
  }
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  const releases = quarantined.slice(0, maxReleases).filter((text): text is string => typeof text === 'string');
  return {
    number,
    name,
    displayName: project,
    serial: serialOf(json.serial),
    at: at >= 0 ? at : 0,
    removed: removed?.slice(0, maxReasonLength),
    quarantined: releases.map((text) => text.slice(0, maxVersionLength)),
  };
}

function numberIn(json: JsonObject, key: string, source: string): number {
  const number = json[key];
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= maxNumber) return number;
  throw new NonsenseError(`${source}: expected a number in "${key}"`);
}

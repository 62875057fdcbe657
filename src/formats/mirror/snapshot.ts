/**
 * `snapshot.json`, with which a mirror proves one state of all its pages, and `snapshot.json.sig`, the Ed25519
 * signature of its exact bytes: base64 of the 64 bytes, and a newline.
 *
 *     version   1. New members may be added at any time; a change of the meaning of these members needs another version
 *     time      start of the run that found this state to be upstream's: ISO 8601, UTC, with milliseconds
 *     serial    upstream's serial up to which everything is here or queued; null if upstream has none
 *     projects  number of projects that have pages
 *     queued    number of projects still to be brought up to that serial
 *     index     SHA-256 of `simple/index.v1_json` and of `simple/index.html`
 *     pages     the roots of the trees over `simple/<project>/index.v1_json` and over `simple/<project>/index.html`
 *     groups    the 256 groups of the tree over `index.v1_json`: if a mirror of this mirror finds another root,
 *               they tell it which pages may differ
 *
 * core/merkle-tree.ts describes the trees. There are two because clients see only one kind of page, and mirrors fetch
 * only JSON. The `.gz` twins are not signed; unpacked they equal their pages.
 */
import { NonsenseError } from '../../core/errors.ts';
import { groupCount, merkleHash } from '../../core/merkle-tree.ts';
import { isJsonObject, type JsonObject, serialOf } from '../json.ts';

/** In bytes, three times as much as ours has. */
export const maxSnapshotBytes = 64 << 10;

/** The hashes of both forms of a page. */
export interface BothForms {
  readonly json: string;
  readonly html: string;
}

/** A state of a mirror. All hashes are 64 lower-case hex digits. */
export interface Snapshot {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly serial: number | undefined;
  readonly projects: number;
  readonly queued: number;
  readonly index: BothForms;
  readonly pages: BothForms;
  readonly groups: readonly string[];
}

/** Returns the bytes to be signed. */
export function renderSnapshot({ timeMs, serial, ...rest }: Snapshot): Buffer {
  const members = { version: 1, time: new Date(timeMs).toISOString(), serial: serial ?? null, ...rest };
  return Buffer.from(`${JSON.stringify(members, undefined, 1)}\n`);
}

/**
 * Reads a snapshot. `source` names it in errors. Throws NonsenseError if it is malformed or its groups do not match its
 * root.
 */
export function parseSnapshot(body: Buffer, source: string): Snapshot {
  const refuse = (what: string): never => {
    throw new NonsenseError(`${source}: ${what}`);
  };
  if (body.length > maxSnapshotBytes) refuse(`larger than ${maxSnapshotBytes} bytes`);
  const json = objectIn(body) ?? refuse('is not a JSON object');
  if (json.version !== 1) refuse('its version is not 1; it was made by another pep381client');
  const count = (name: string): number => countOf(json[name]) ?? refuse(`${name} is no count`);
  const forms = (name: string): BothForms => formsOf(json[name]) ?? refuse(`${name} lacks a sha256`);
  const snapshot = {
    timeMs: timeOf(json.time) ?? refuse('time is no time in UTC'),
    serial: json.serial === null ? undefined : count('serial'),
    projects: count('projects'),
    queued: count('queued'),
    index: forms('index'),
    pages: forms('pages'),
    groups: groupsOf(json.groups) ?? refuse(`groups are not ${groupCount} times a sha256`),
  };
  if (merkleHash(snapshot.groups) !== snapshot.pages.json) refuse('its groups do not make its root');
  return snapshot;
}

/** Returns the text of a signature file. */
export function renderSignature(signature: Uint8Array): Buffer {
  return Buffer.from(`${Buffer.from(signature).toString('base64')}\n`);
}

/** Returns the 64 bytes of a signature, or undefined if `text` has another form. */
export function parseSignature(text: Buffer): Buffer | undefined {
  const [, base64] = /^([A-Za-z0-9+/]{86}==)\r?\n?$/.exec(text.toString('latin1', 0, 100)) ?? [];
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}

function objectIn(body: Buffer): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(body.toString());
    return isJsonObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' ? serialOf(value) : undefined;
}

function timeOf(value: unknown): number | undefined {
  const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
  const time = isTime ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

function formsOf(value: unknown): BothForms | undefined {
  if (!isJsonObject(value) || !isHash(value.json) || !isHash(value.html)) return undefined;
  return { json: value.json, html: value.html };
}

function groupsOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length !== groupCount) return undefined;
  const groups: unknown[] = value;
  return groups.every(isHash) ? groups : undefined;
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

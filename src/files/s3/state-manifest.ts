/**
 * `state/manifest.json.gz` of a bucket: what the copy of the state there is made of. The copy is cut into blocks of the
 * same size. Each lies compressed in one of the packs beside the manifest.
 */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { isZlibError, messageOf } from '../../core/caught-error.ts';
import { MirrorError, StorageError } from '../../core/errors.ts';
import { isJsonObject, parseJson } from '../../formats/json.ts';
import type { Bucket, Condition } from './bucket.ts';

export const stateRoot = 'state/';
export const manifestKey = `${stateRoot}manifest.json.gz`;

/** Tells copies apart: each has a number that is higher by one than that of the copy before, and a random id. */
export interface CopyVersion {
  readonly number: number;
  readonly id: string;
}

/** An object with blocks. */
export interface Pack {
  /** Without the folder: see {@link packKey}. */
  readonly name: string;
  readonly bytes: number;
}

/** Where the bytes of a block are, compressed with gzip. */
export interface Block {
  /** The sha256 of the uncompressed bytes. */
  readonly sha256: string;
  readonly pack: Pack;
  readonly at: number;
  readonly bytes: number;
}

export interface Manifest extends CopyVersion {
  /** The generation of the lease under which the copy was made. */
  readonly generation: number;
  /** The size of the database. */
  readonly bytes: number;
  readonly blockBytes: number;
  /** In the order of the database. The last one may be shorter. */
  readonly blocks: readonly Block[];
}

export interface FoundManifest extends Manifest {
  readonly etag: string;
  readonly modifiedMs: number;
}

const headers = { contentType: 'application/gzip', cacheControl: 'no-store' };
const maxTextBytes = 256 << 20;
const maxDatabaseBytes = 2 ** 40;
const minBlockBytes = 4 << 10;
const maxBlockBytes = 16 << 20;

const compress = promisify(gzip);
const uncompress = promisify(gunzip);

export function packKey({ name }: Pick<Pack, 'name'>): string {
  return `${stateRoot}${name}.pack`;
}

/** Returns the packs that have blocks of the copy. */
export function packsOf({ blocks }: Pick<Manifest, 'blocks'>): ReadonlySet<Pack> {
  return new Set(blocks.map(({ pack }) => pack));
}

/** Reads the manifest; undefined if there is no copy. Throws StorageError. */
export async function readManifest(bucket: Pick<Bucket, 'read' | 'where'>): Promise<FoundManifest | undefined> {
  const found = await bucket.read(manifestKey);
  if (found === undefined) return undefined;
  const { etag, modifiedMs } = found;
  const text = await textOf(found.body, bucket.where);
  return { ...parseManifest(text, bucket.where), etag, modifiedMs };
}

/** Writes the manifest. Returns false if the condition does not hold. Throws StorageError. */
export async function putManifest(
  bucket: Pick<Bucket, 'put'>,
  manifest: Manifest,
  condition: Condition,
): Promise<boolean> {
  const body = await compress(renderManifest(manifest));
  return (await bucket.put(manifestKey, body, headers, condition)) !== undefined;
}

function renderManifest({ blocks, ...rest }: Manifest): string {
  const packs = [...packsOf({ blocks })];
  const places = new Map(packs.map((pack, at) => [pack, at]));
  const rows = blocks.map(({ sha256, pack, at, bytes }) => [sha256, places.get(pack), at, bytes]);
  return JSON.stringify({ version: 1, ...rest, packs, blocks: rows });
}

async function textOf(body: Buffer, where: string): Promise<string> {
  try {
    return (await uncompress(body, { maxOutputLength: maxTextBytes })).toString('utf8');
  } catch (cause) {
    if (isZlibError(cause) || cause instanceof RangeError) throw wrong(where, `unreadable: ${messageOf(cause)}`, cause);
    throw cause;
  }
}

function parseManifest(text: string, where: string): Manifest {
  const json = jsonOf(text, where);
  if (!isJsonObject(json) || json.version !== 1) throw wrong(where, 'it is not of this version');
  const { number, id, generation, bytes, blockBytes, packs, blocks } = json;
  if (!isNumber(number, 1) || !isNumber(generation, 0) || !isText(id, /^[0-9a-f]{32}$/))
    throw wrong(where, 'no version');
  if (!isNumber(bytes, 1, maxDatabaseBytes) || !isNumber(blockBytes, minBlockBytes, maxBlockBytes))
    throw wrong(where, 'no size');
  if (!Array.isArray(packs) || !Array.isArray(blocks)) throw wrong(where, 'no blocks');
  const parsed = packs.map((pack) => parsePack(pack) ?? fail(where, 'a wrong pack'));
  if (blocks.length !== Math.ceil(bytes / blockBytes)) throw wrong(where, 'too few blocks or too many');
  const parsedBlocks = blocks.map((block) => parseBlock(block, parsed) ?? fail(where, 'a wrong block'));
  return { number, id, generation, bytes, blockBytes, blocks: parsedBlocks };
}

function jsonOf(text: string, where: string): unknown {
  try {
    return parseJson(text, manifestKey);
  } catch (cause) {
    if (cause instanceof MirrorError) throw wrong(where, cause.message, cause);
    throw cause;
  }
}

function parsePack(value: unknown): Pack | undefined {
  if (!isJsonObject(value)) return undefined;
  const { name, bytes } = value;
  return isText(name, /^\d{1,15}-\d{1,15}-[0-9a-f]{8}$/) && isNumber(bytes, 1) ? { name, bytes } : undefined;
}

function parseBlock(value: unknown, packs: readonly Pack[]): Block | undefined {
  if (!Array.isArray(value)) return undefined;
  const [sha256, place, at, bytes]: readonly unknown[] = value;
  const pack = isNumber(place, 0) ? packs[place] : undefined;
  if (pack === undefined || !isText(sha256, /^[0-9a-f]{64}$/) || !isNumber(at, 0) || !isNumber(bytes, 1))
    return undefined;
  return at + bytes <= pack.bytes ? { sha256, pack, at, bytes } : undefined;
}

function isNumber(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

function fail(where: string, problem: string): never {
  throw wrong(where, problem);
}

function wrong(where: string, problem: string, cause?: unknown): StorageError {
  return new StorageError(
    `${where}: ${manifestKey}: no usable copy of the state: ${problem.slice(0, 200)}; remove it, and the next run of ` +
      'the machine that has the newest state.db makes another one',
    { cause },
  );
}

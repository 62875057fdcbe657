/**
 * Copies a database into the bucket, and back. A copy costs two requests that write: the blocks that changed since the
 * last one go into a new pack, and the manifest that names them replaces the one before on condition. Neither the
 * database nor a pack is ever in memory as a whole.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { isZlibError } from '../../core/caught-error.ts';
import { StorageError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/hash.ts';
import type { Bucket } from './bucket.ts';
import {
  type Block,
  type CopyVersion,
  type FoundManifest,
  type Manifest,
  manifestKey,
  type Pack,
  packKey,
  packsOf,
  putManifest,
  readManifest,
  stateRoot,
} from './state-manifest.ts';

/** What is to be copied. */
export interface NewCopy {
  /** The path of a database that nobody writes to. */
  readonly path: string;
  readonly version: CopyVersion;
  /** The generation of the lease. */
  readonly generation: number;
  /** The copy that is replaced; undefined if there is none. */
  readonly previous: FoundManifest | undefined;
}

const headers = { contentType: 'application/octet-stream', cacheControl: 'no-store' };
const smallestBlock = 16 << 10;
/** The number of blocks up to which they are small. Each costs some fifty bytes in each manifest. */
const manyBlocks = 8_192;
/** Limit for packs. All of them are read to restore a copy. */
const maxPacks = 64;
/** Bytes that packs may have beyond twice what lives in them. */
const maxDead = 256 << 10;
const partBytes = 8 << 20;
/** Bytes that are read at once to restore a copy. */
const maxRangeBytes = 8 << 20;
/** Bytes between two blocks that are read rather than asked for separately. */
const maxGapBytes = 64 << 10;
/** Packs that no manifest names are looked for at each copy whose number this divides. */
const cleanedEvery = 16;
const restoreTries = 3;

const compress = promisify(gzip);
const uncompress = promisify(gunzip);

/** Returns true if the copy is of another history than the state with this version, or of a later part of its own. */
export function isNewer(copy: CopyVersion, state: CopyVersion | undefined): boolean {
  return state === undefined || copy.number > state.number || (copy.number === state.number && copy.id !== state.id);
}

/** Returns the version of the copy that replaces `previous`. */
export function nextVersion(previous: CopyVersion | undefined): CopyVersion {
  return { number: (previous?.number ?? 0) + 1, id: randomBytes(16).toString('hex') };
}

/** Puts a copy into the bucket. Throws StorageError, also if another machine has replaced the copy meanwhile. */
export async function putCopy(bucket: Bucket, { path, version, generation, previous }: NewCopy): Promise<void> {
  const file = await open(path, 'r');
  let manifest: Manifest;
  try {
    const { size } = await file.stat();
    const base = previous !== undefined && isWorthKeeping(previous, size) ? previous : undefined;
    const blockBytes = base?.blockBytes ?? blockBytesFor(size);
    const name = `${generation}-${version.number}-${randomBytes(4).toString('hex')}`;
    const blocks = await packBlocks(bucket, file, { name, blockBytes, known: base?.blocks ?? [] });
    manifest = { ...version, generation, bytes: size, blockBytes, blocks };
  } finally {
    await file.close();
  }
  const condition = previous === undefined ? ({ ifAbsent: true } as const) : { ifMatch: previous.etag };
  if (!(await putManifest(bucket, manifest, condition)))
    throw new StorageError(
      `${bucket.where}: ${manifestKey} was replaced by another machine meanwhile; does more than one publish there?`,
    );
  if (version.number % cleanedEvery === 0) await removeUnnamed(bucket, [manifest, ...(previous ? [previous] : [])]);
}

/**
 * Returns false if all blocks are to be packed anew, because too much of the packs is dead, or blocks became too many.
 */
function isWorthKeeping(previous: Manifest, bytes: number): boolean {
  const packs = [...packsOf(previous)];
  const all = packs.reduce((sum, { bytes }) => sum + bytes, 0);
  const live = previous.blocks.reduce((sum, { bytes }) => sum + bytes, 0);
  const ratio = blockBytesFor(bytes) / previous.blockBytes;
  return packs.length < maxPacks && all <= 2 * live + maxDead && ratio > 1 / 4 && ratio < 4;
}

function blockBytesFor(bytes: number): number {
  let blockBytes = smallestBlock;
  while (blockBytes * manyBlocks < bytes) blockBytes *= 2;
  return blockBytes;
}

/** Puts the blocks that are not those that are `known` into a new pack, and returns all blocks of the file. */
async function packBlocks(
  bucket: Bucket,
  file: FileHandle,
  { name, blockBytes, known }: { readonly name: string; readonly blockBytes: number; readonly known: readonly Block[] },
): Promise<Block[]> {
  const writer = new PackWriter(bucket, packKey({ name }));
  const found: (Block | { readonly sha256: string; readonly at: number; readonly bytes: number })[] = [];
  try {
    for await (const block of piecesOf(file, blockBytes)) {
      const sha256 = sha256Hex(block);
      const same = known[found.length];
      if (same?.sha256 === sha256) found.push(same);
      else {
        const packed = await compress(block, { level: 4 });
        found.push({ sha256, at: writer.bytes, bytes: packed.length });
        await writer.write(packed);
      }
    }
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  const pack: Pack = { name, bytes: writer.bytes };
  return found.map((block) => ('pack' in block ? block : { ...block, pack }));
}

/** Yields the bytes of a file in pieces of the same size. Each is only valid until the next one. */
async function* piecesOf(file: FileHandle, bytes: number): AsyncIterable<Buffer> {
  const piece = Buffer.alloc(bytes);
  for (let at = 0; ; at += bytes) {
    let filled = 0;
    while (filled < bytes) {
      const { bytesRead } = await file.read(piece, filled, bytes - filled, at + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (filled > 0) yield piece.subarray(0, filled);
    if (filled < bytes) return;
  }
}

/** Writes an object whose size is not known before: a small one at once, a large one in parts. */
class PackWriter {
  bytes = 0;
  readonly #bucket: Bucket;
  readonly #key: string;
  #pieces: Buffer[] = [];
  #waiting = 0;
  #upload: { readonly id: string; readonly etags: string[] } | undefined;

  constructor(bucket: Bucket, key: string) {
    this.#bucket = bucket;
    this.#key = key;
  }

  async write(piece: Buffer): Promise<void> {
    this.#pieces.push(piece);
    this.bytes += piece.length;
    this.#waiting += piece.length;
    if (this.#waiting >= partBytes) await this.#putPart();
  }

  async finish(): Promise<void> {
    if (this.bytes === 0) return;
    if (this.#upload === undefined) {
      await this.#bucket.put(this.#key, Buffer.concat(this.#pieces), headers);
      return;
    }
    if (this.#waiting > 0) await this.#putPart();
    await this.#bucket.completeUpload(this.#key, this.#upload.id, this.#upload.etags);
  }

  async #putPart(): Promise<void> {
    this.#upload ??= { id: await this.#bucket.beginUpload(this.#key, headers), etags: [] };
    const { id, etags } = this.#upload;
    etags.push(await this.#bucket.putPart(this.#key, id, etags.length + 1, Buffer.concat(this.#pieces)));
    this.#pieces = [];
    this.#waiting = 0;
  }

  /** Drops what was uploaded, if the store lets us. */
  async abort(): Promise<void> {
    if (this.#upload === undefined) return;
    try {
      await this.#bucket.abortUpload(this.#key, this.#upload.id);
    } catch {
      // The error that ended the copy is told. Checks find open uploads.
    }
  }
}

/** Removes the packs that none of the manifests names: of copies that were replaced, or that did not come to an end. */
async function removeUnnamed(bucket: Bucket, manifests: readonly Manifest[]): Promise<void> {
  const named = new Set([manifestKey, ...manifests.flatMap((manifest) => [...packsOf(manifest)].map(packKey))]);
  for await (const { objects } of bucket.list(stateRoot)) {
    const unnamed = objects.map(({ key }) => key).filter((key) => !named.has(key));
    if (unnamed.length > 0) await bucket.remove(unnamed);
  }
}

/**
 * Writes the copy in the bucket to the path `to`, where nothing may be. Each block is compared with its hash. Returns
 * the copy's manifest, or undefined if there is none. Throws StorageError.
 */
export async function fetchCopy(bucket: Bucket, to: string): Promise<FoundManifest | undefined> {
  for (let tries = 1; ; tries += 1) {
    const manifest = await readManifest(bucket);
    if (manifest === undefined) return undefined;
    try {
      await writeCopy(bucket, manifest, to);
      return manifest;
    } catch (error) {
      // A machine that replaced the copy meanwhile may have removed packs.
      const isReplaced = error instanceof MissingPackError && (await readManifest(bucket))?.etag !== manifest.etag;
      if (!isReplaced || tries === restoreTries) throw error;
    }
  }
}

class MissingPackError extends StorageError {}

async function writeCopy(bucket: Bucket, { blocks, bytes, blockBytes }: Manifest, to: string): Promise<void> {
  const file = await open(to, 'w', 0o600);
  try {
    const places = blocks.map((block, place) => ({ ...block, place }));
    for (const range of rangesOf(places)) {
      const { pack, start, end } = range;
      const found = await bucket.read(packKey(pack), { start, end });
      if (found === undefined) throw new MissingPackError(`${bucket.where}: ${packKey(pack)}: is missing`);
      for (const { at, bytes: packed, sha256, place } of range.blocks) {
        const expected = Math.min(blockBytes, bytes - place * blockBytes);
        const block = await unpacked(found.body.subarray(at - start, at - start + packed), expected);
        if (block?.length !== expected || sha256Hex(block) !== sha256)
          throw new StorageError(
            `${bucket.where}: ${packKey(pack)}: block ${place} of the state differs from its hash; nothing was changed here`,
          );
        await file.write(block, 0, block.length, place * blockBytes);
      }
    }
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

interface PlacedBlock extends Block {
  readonly place: number;
}

interface Range {
  readonly pack: Pack;
  readonly start: number;
  readonly end: number;
  readonly blocks: readonly PlacedBlock[];
}

/** Returns the ranges of packs to read, of which each has blocks that lie side by side. */
function rangesOf(blocks: readonly PlacedBlock[]): Range[] {
  const order = (a: PlacedBlock, b: PlacedBlock): number =>
    a.pack === b.pack ? a.at - b.at : a.pack.name < b.pack.name ? -1 : 1;
  const ranges: { pack: Pack; start: number; end: number; blocks: PlacedBlock[] }[] = [];
  for (const block of blocks.toSorted(order)) {
    const end = block.at + block.bytes;
    const last = ranges.at(-1);
    const isNear = last?.pack === block.pack && block.at - last.end <= maxGapBytes && end - last.start <= maxRangeBytes;
    if (last === undefined || !isNear) ranges.push({ pack: block.pack, start: block.at, end, blocks: [block] });
    else {
      last.blocks.push(block);
      last.end = Math.max(last.end, end);
    }
  }
  return ranges;
}

async function unpacked(packed: Buffer, maxOutputLength: number): Promise<Buffer | undefined> {
  try {
    return await uncompress(packed, { maxOutputLength });
  } catch (error) {
    if (isZlibError(error) || error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Reads the texts in a held wheel or source distribution that tell what it requires, if the index offers no metadata
 * for it.
 */
import { pipeline, Readable } from 'node:stream';
import { createGunzip, inflateRawSync } from 'node:zlib';
import { hasCode, isZlibError } from '../../core/caught-error.ts';
import type { WebPath } from '../../core/paths.ts';
import type { FileStore } from '../../files/file-store.ts';
import { TarEntries } from '../../formats/tar-entries.ts';
import { packedBytes, type ReadBytes, zipEntries } from '../../formats/zip-directory.ts';

/** The texts of a source distribution that are read. */
export interface SourceTexts {
  readonly pkgInfo: Buffer | undefined;
  readonly pyproject: Buffer | undefined;
}

/** Maximum size in bytes of a text. People write it, but anybody may have packed it. */
const maxTextBytes = 4 << 20;
const pieceBytes = 1 << 20;
/** Maximum number of unpacked bytes of a source distribution that are searched. */
const maxUnpackedBytes = 2 ** 30;

/**
 * Returns `METADATA` of the wheel at `path`, or undefined if there is none or the file is damaged. Throws StorageError.
 */
export async function wheelMetadata(files: FileStore, path: WebPath): Promise<Buffer | undefined> {
  const texts = await textsInZip(files, path, /^[^/]+\.dist-info\/METADATA$/);
  return texts && [...texts.values()][0];
}

/**
 * Returns the texts of the source distribution at `path`, or undefined if its archive format is not supported or it is
 * damaged. Throws StorageError.
 */
export async function sourceTexts(files: FileStore, path: WebPath): Promise<SourceTexts | undefined> {
  const isZip = /\.zip$/i.test(path);
  if (!isZip && !/\.(?:tar\.gz|tgz)$/i.test(path)) return undefined;
  const texts = isZip ? await textsInZip(files, path, inSource) : await textsInTar(files, path);
  if (texts === undefined) return undefined;
  return { pkgInfo: texts.get('PKG-INFO'), pyproject: texts.get('pyproject.toml') };
}

const inSource = /^[^/]+\/(?:PKG-INFO|pyproject\.toml)$/;

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Returns a filter that accepts each name once. Anybody may pack a thousand files of the same name. */
function firstOfEach(pattern: RegExp): (name: string) => boolean {
  const seen = new Set<string>();
  return (name) => pattern.test(name) && !seen.has(baseOf(name)) && seen.add(baseOf(name)).size > 0;
}

/** Returns the texts by the last part of their names. */
async function textsInZip(files: FileStore, path: WebPath, pattern: RegExp): Promise<Map<string, Buffer> | undefined> {
  const texts = new Map<string, Buffer>();
  const size = (await files.size(path)) ?? 0;
  const read: ReadBytes = async (start, end) => (await files.slice(path, start, end)) ?? Buffer.alloc(0);
  const entries = await zipEntries(size, read, firstOfEach(pattern));
  if (entries === undefined) return undefined;
  for (const entry of entries) {
    const bytes = entry.packed > maxTextBytes ? undefined : await packedBytes(entry, read);
    const text = bytes && (entry.method === 8 ? inflated(bytes) : Buffer.from(bytes));
    if (text !== undefined) texts.set(baseOf(entry.name), text);
  }
  return texts;
}

/** Returns the inflated text, or undefined if it is damaged or far larger than a text. */
function inflated(bytes: Uint8Array): Buffer | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: maxTextBytes });
  } catch (error) {
    if (isOfZlib(error)) return undefined;
    throw error;
  }
}

async function textsInTar(files: FileStore, path: WebPath): Promise<Map<string, Buffer> | undefined> {
  const entries = new TarEntries(firstOfEach(inSource));
  // The callback ignores errors because the reader of the stream gets them.
  const unpacked = pipeline(Readable.from(piecesOf(files, path)), createGunzip(), () => {});
  let unfolded = 0;
  try {
    for await (const piece of unpacked) {
      entries.push(piece as Buffer);
      unfolded += (piece as Buffer).length;
      if (entries.found.size === 2 || unfolded > maxUnpackedBytes) break;
    }
  } catch (error) {
    if (!isOfZlib(error)) throw error;
    if (entries.found.size === 0) return undefined;
  }
  return new Map([...entries.found].map(([name, bytes]) => [baseOf(name), Buffer.from(bytes)]));
}

async function* piecesOf(files: FileStore, path: WebPath): AsyncGenerator<Buffer> {
  for (let at = 0; ; at += pieceBytes) {
    const piece = await files.slice(path, at, at + pieceBytes);
    if (piece === undefined || piece.length === 0) return;
    yield piece;
  }
}

function isOfZlib(error: unknown): boolean {
  return isZlibError(error) || hasCode(error, 'ERR_BUFFER_TOO_LARGE');
}

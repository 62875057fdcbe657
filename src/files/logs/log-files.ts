/** The LogSource port over files, plain or packed. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';
import { UnreadableLogError } from '../../core/errors.ts';
import { mapInOrder } from '../../core/map-in-order.ts';
import { behindZeros } from '../../formats/logs/line-splitter.ts';
import type { ScannedLines } from '../../formats/logs/log-scanner.ts';
import type { Bzip2 } from '../bzip2.ts';
import type { FoundPath, LogSource, OpenLog } from '../log-source.ts';
import type { PieceScanner } from '../piece-scanner.ts';
import { bzip2Blocks } from './bzip2-blocks.ts';
import { type Compression, compressionOf, PackedError, signatureBytes, unpackedBy } from './compressions.ts';
import { gunzip } from './gzip-members.ts';
import { cutIntoPieces, scanChunks } from './log-pieces.ts';
import { isFolderOfRotated, seriesOf } from './log-series.ts';

const chunkBytes = 1 << 20;
/** Size in bytes of the pieces of a log, each scanned within a hundredth of a second. */
const pieceBytes = 8 << 20;
/** Number of pieces that are worth a thread. */
const minPieces = 2;
/**
 * Number of pieces that may be begun for each scanner: those that are done wait for those before them, and meanwhile no
 * scanner should be idle.
 */
const begunPieces = 3;

/** Ratio above which a packed log is refused. Logs shrink to a tenth, a flood of one request shrinks to a hundredth. */
const maxUnpackRatio = 200;
const harmlessBytes = 1 << 30;

/** Number of folders that are searched at most: enough for one folder per hour of some years. */
const maxFolders = 50_000;

export interface LogFilesOptions {
  /** Scans pieces of logs at the same time. Without it, logs are scanned in this thread, one chunk after the other. */
  readonly pieces?: PieceScanner;
  /** Approximate size of a piece of a log, in bytes. */
  readonly pieceBytes?: number;
  /** Number of bytes that a packed log may unpack to, however small it is. */
  readonly harmlessBytes?: number;
}

export class LogFiles implements LogSource {
  readonly #bzip2: Bzip2;
  readonly #options: LogFilesOptions;

  constructor(bzip2: Bzip2, options: LogFilesOptions = {}) {
    this.#bzip2 = bzip2;
    this.#options = options;
  }

  async open(path: string): Promise<OpenLog> {
    return readable(path, async () => {
      // Opening a pipe would otherwise block until somebody writes to it.
      const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const { size } = await expectFile(file);
        const { buffer, bytesRead } = await file.read(Buffer.alloc(signatureBytes), 0, signatureBytes, 0);
        return new LogFile(path, file, compressionOf(buffer.subarray(0, bytesRead)), size, this.#bzip2, this.#options);
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  series(path: string): string {
    return seriesOf(path);
  }

  async rotated(series: string): Promise<FoundPath[]> {
    const found: FoundPath[] = [];
    const folders: [path: string, isInside: boolean][] = [[dirname(series), false]];
    for (const [folder, isInside] of folders) {
      for (const entry of await readable(folder, () => readdir(folder, { withFileTypes: true }))) {
        const path = join(folder, entry.name);
        if (!entry.isDirectory()) {
          const modified = seriesOf(path) === series ? await modifiedAt(path) : undefined;
          if (modified !== undefined) found.push({ path, modified });
        } else if (isFolderOfRotated(entry.name, isInside) && folders.length < maxFolders) folders.push([path, true]);
      }
    }
    return found;
  }
}

/**
 * Returns the modification time in seconds since 1970: undefined if the file is gone already, Infinity on another
 * error, which opening the file will report.
 */
async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs / 1000;
  } catch (error) {
    return hasCode(error, 'ENOENT') ? undefined : Number.POSITIVE_INFINITY;
  }
}

class LogFile implements OpenLog {
  readonly path: string;
  readonly #file: FileHandle;
  /** The compression of the log, undefined if it is plain. */
  readonly #packing: Compression | undefined;
  readonly #packedBytes: number;
  readonly #bzip2: Bzip2;
  readonly #options: LogFilesOptions;
  /** Size in bytes of a packed log's content. Infinity until the log was read to its end. */
  #unfoldedBytes = Number.POSITIVE_INFINITY;
  #isCut = false;
  /** The last result of `before` for a packed log: to get it again, everything before it would have to be unpacked. */
  #before: { readonly position: number; readonly bytes: Buffer } | undefined;

  constructor(
    path: string,
    file: FileHandle,
    packing: Compression | undefined,
    packedBytes: number,
    bzip2: Bzip2,
    options: LogFilesOptions,
  ) {
    this.path = path;
    this.#file = file;
    this.#packing = packing;
    this.#packedBytes = packedBytes;
    this.#bzip2 = bzip2;
    this.#options = options;
  }

  async head(bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.#readable(0)) {
      const start = length === 0 ? behindZeros(chunk, 0, chunk.length) : 0;
      const piece = Buffer.from(chunk.subarray(start, start + bytes - length));
      pieces.push(piece);
      length += piece.length;
      if (length >= bytes) break;
    }
    return Buffer.concat(pieces);
  }

  async before(position: number, bytes: number): Promise<Buffer> {
    if (this.#before?.position === position && this.#before.bytes.length === bytes) return this.#before.bytes;
    const pieces: Buffer[] = [];
    let at = Math.max(0, position - bytes);
    for await (const chunk of this.#readable(at)) {
      pieces.push(Buffer.from(chunk.subarray(0, Math.max(0, position - at))));
      at += chunk.length;
      // Reading goes on past `position`: if a packed log ends there, it then need not be unpacked again to see that.
      if (at > position) break;
    }
    const found = Buffer.concat(pieces);
    if (this.#packing !== undefined) this.#before = { position, bytes: found };
    return found;
  }

  async end(bytes: number): Promise<Buffer> {
    let last: Buffer = Buffer.alloc(0);
    const from = this.#packing === undefined ? Math.max(0, (await this.#size()) - bytes) : 0;
    for await (const chunk of this.#readable(from)) last = Buffer.concat([last, chunk]).subarray(-bytes);
    return last;
  }

  async *read(position: number): AsyncIterable<Buffer> {
    if (this.#packing === undefined) return yield* this.#withProgress(this.#bytes(position));
    if (position >= this.#unfoldedBytes) return;
    let passed = 0;
    for await (const chunk of this.#withProgress(this.#unpacked(this.#packing))) {
      const rest = chunk.subarray(Math.max(0, position - passed));
      passed += chunk.length;
      this.#refuseBomb(passed);
      if (rest.length > 0) yield rest;
    }
    this.#unfoldedBytes = passed;
  }

  /** Yields the bytes that can be read. An error after them is reported to the caller that reads all of the log. */
  async *#readable(position: number): AsyncIterable<Buffer> {
    let isSome = false;
    try {
      for await (const chunk of this.read(position)) {
        isSome = true;
        yield chunk;
      }
    } catch (error) {
      if (!isSome || !(error instanceof UnreadableLogError)) throw error;
    }
  }

  #refuseBomb(unfolded: number): void {
    const { harmlessBytes: harmless = harmlessBytes } = this.#options;
    if (unfolded <= harmless || unfolded <= maxUnpackRatio * this.#packedBytes) return;
    throw new UnreadableLogError(
      `${this.path}: unfolds to more than ${maxUnpackRatio} times its size; left out from there`,
    );
  }

  async *scan(position: number): AsyncIterable<ScannedLines> {
    const { pieces, pieceBytes: bytes = pieceBytes } = this.#options;
    const isLarge = this.#packing === undefined && (await this.#size()) - position > minPieces * bytes;
    if (pieces === undefined || !isLarge) return yield* scanChunks(this.read(position), position, bytes);
    const cut = cutIntoPieces(this.#file, position, bytes);
    yield* this.#withProgress(mapInOrder(cut, pieces.atOnce * begunPieces, (piece) => pieces.scan(piece)));
  }

  isCut(): boolean {
    return this.#isCut;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Yields chunks. The next chunk is read while the caller works on the current one. */
  async *#bytes(from: number): AsyncIterable<Buffer> {
    const buffers = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)] as const;
    let position = from;
    let next = this.#file.read(buffers[0], 0, chunkBytes, position);
    for (let turn = 1; ; turn = 1 - turn) {
      const { buffer, bytesRead } = await next;
      if (bytesRead === 0) return;
      position += bytesRead;
      next = this.#file.read(buffers[turn === 1 ? 1 : 0], 0, chunkBytes, position);
      try {
        yield buffer.subarray(0, bytesRead);
      } finally {
        // A caller that stops early must not close the file during a read.
        await next.catch(() => undefined);
      }
    }
  }

  /** Yields chunks that stay valid, because streams use them later. */
  async *#copies(): AsyncIterable<Buffer> {
    for await (const chunk of this.#bytes(0)) yield Buffer.from(chunk);
  }

  async *#unpacked(packing: Compression): AsyncIterable<Buffer> {
    if (packing.name === 'gzip') yield* gunzip(this.#copies(), () => (this.#isCut = true));
    else if (packing.name !== 'bzip2') yield* unpackedBy(packing, this.#copies());
    else
      for await (const block of bzip2Blocks(this.#bytes(0), () => (this.#isCut = true)))
        yield await this.#bzip2.decompress(block);
  }

  #size(): Promise<number> {
    return readable(this.path, async () => (await this.#file.stat()).size);
  }

  async *#withProgress<T>(pieces: AsyncIterable<T>): AsyncIterable<T> {
    try {
      yield* pieces;
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }
}

async function expectFile(file: FileHandle): Promise<Stats> {
  const found = await file.stat();
  if (found.isFile()) return found;
  throw new Error('it is no regular file');
}

async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof UnreadableLogError) return cause;
  const problem = hasCode(cause, 'ENOENT') ? 'no such file' : `cannot be read: ${cause.message}`;
  return new UnreadableLogError(`${path}: ${cause instanceof PackedError ? cause.message : problem}`, { cause });
}

/** The LogSource port over files: plain, gzip or bzip2, told by their first bytes and not by their names. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip, constants as zlib } from 'node:zlib';
import { UnreadableLogError } from '../../core/errors.ts';
import { inOrder } from '../../core/in-order.ts';
import type { ScannedLines } from '../../formats/log-scanner.ts';
import type { Bzip2 } from '../bzip2.ts';
import type { LogSource, OpenLog } from '../log-source.ts';
import type { PieceScanner } from '../piece-scanner.ts';
import { bzip2Blocks } from './bzip2-blocks.ts';
import { cutIntoPieces, scanChunks } from './log-pieces.ts';

const chunkBytes = 1 << 20;
/** A piece of a log is scanned within some hundredths of a second; what is shorter is not worth a thread. */
const pieceBytes = 16 << 20;

/** Logs shrink to a tenth, those of a flood of one request to a hundredth. */
const mostUnfolding = 200;
const harmlessBytes = 1 << 30;

export interface LogFilesOptions {
  /** Scans pieces of logs at the same time; without it logs are scanned here, one chunk after the other. */
  readonly pieces?: PieceScanner;
  /** How long a piece of a log is, about. */
  readonly pieceBytes?: number;
  /** How far a packed log may unfold, however small it is. */
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
      // A pipe would be waited for until somebody writes to it.
      const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const { size } = await expectFile(file);
        const { buffer, bytesRead } = await file.read(Buffer.alloc(3), 0, 3, 0);
        return new LogFile(path, file, packingOf(buffer.subarray(0, bytesRead)), size, this.#bzip2, this.#options);
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  series(path: string): string {
    return resolve(path)
      .replace(/\.(?:gz|bz2)$/, '')
      .replace(/[.-]\d{1,14}$/, '');
  }

  async rotated(series: string): Promise<string[]> {
    const folder = dirname(series);
    const names = await readable(folder, () => readdir(folder));
    return names
      .filter((name) => name.startsWith(basename(series)))
      .map((name) => join(folder, name))
      .filter((path) => this.series(path) === series);
  }
}

type Packing = 'plain' | 'gzip' | 'bzip2';

class LogFile implements OpenLog {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #packing: Packing;
  readonly #packedBytes: number;
  readonly #bzip2: Bzip2;
  readonly #options: LogFilesOptions;

  constructor(
    path: string,
    file: FileHandle,
    packing: Packing,
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
    for await (const chunk of this.read(0)) {
      const piece = Buffer.from(chunk.subarray(0, bytes - length));
      pieces.push(piece);
      length += piece.length;
      if (length >= bytes) break;
    }
    return Buffer.concat(pieces);
  }

  async *read(position: number): AsyncIterable<Buffer> {
    if (this.#packing === 'plain') return yield* this.#told(this.#bytes(position));
    let passed = 0;
    for await (const chunk of this.#told(this.#packing === 'gzip' ? this.#inflated() : this.#unpacked())) {
      const rest = chunk.subarray(Math.max(0, position - passed));
      passed += chunk.length;
      this.#refuseBomb(passed);
      if (rest.length > 0) yield rest;
    }
  }

  #refuseBomb(unfolded: number): void {
    const { harmlessBytes: harmless = harmlessBytes } = this.#options;
    if (unfolded <= harmless || unfolded <= mostUnfolding * this.#packedBytes) return;
    throw new UnreadableLogError(
      `${this.path}: unfolds to more than ${mostUnfolding} times its size; left out from there`,
    );
  }

  async *scan(position: number): AsyncIterable<ScannedLines> {
    const { pieces, pieceBytes: bytes = pieceBytes } = this.#options;
    const isLarge = this.#packing === 'plain' && (await this.#size()) - position > bytes;
    if (pieces === undefined || !isLarge) return yield* scanChunks(this.read(position), position, bytes);
    // One more than are scanned at the same time, so that nobody waits for us.
    const cut = cutIntoPieces(this.#file, position, bytes);
    yield* this.#told(inOrder(cut, pieces.atOnce + 1, (piece) => pieces.scan(piece)));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** The next chunk is read while the one before is looked at. */
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
        // Whoever stops in between must not close the file under a read.
        await next.catch(() => undefined);
      }
    }
  }

  /** All members; as far as it goes when the end is missing. */
  async *#inflated(): AsyncIterable<Buffer> {
    const gunzip = createGunzip({ finishFlush: zlib.Z_SYNC_FLUSH, chunkSize: 1 << 18 });
    const source = Readable.from(this.#copies());
    source.once('error', (error) => gunzip.destroy(error));
    try {
      yield* source.pipe(gunzip);
    } finally {
      source.destroy();
    }
  }

  /** Chunks that stay valid, as streams look at them later. */
  async *#copies(): AsyncIterable<Buffer> {
    for await (const chunk of this.#bytes(0)) yield Buffer.from(chunk);
  }

  async *#unpacked(): AsyncIterable<Buffer> {
    for await (const block of bzip2Blocks(this.#bytes(0))) yield await this.#bzip2.decompress(block);
  }

  #size(): Promise<number> {
    return readable(this.path, async () => (await this.#file.stat()).size);
  }

  async *#told<T>(pieces: AsyncIterable<T>): AsyncIterable<T> {
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

function packingOf(start: Buffer): Packing {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  return start.toString('latin1') === 'BZh' ? 'bzip2' : 'plain';
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
  const isMissing = 'code' in cause && cause.code === 'ENOENT';
  return new UnreadableLogError(`${path}: ${isMissing ? 'no such file' : `cannot be read: ${cause.message}`}`, {
    cause,
  });
}

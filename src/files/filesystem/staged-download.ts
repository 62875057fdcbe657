/**
 * A download in `staging/`.
 *
 *     <key>.part  the bytes so far
 *     <key>.etag  their validator; without it the download cannot be continued
 *
 * Up to a megabyte is kept in memory and written at once. Only a larger download can be continued by a later run.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, createReadStream, lstatSync, openSync, readFileSync, rmSync, write } from 'node:fs';
import { promisify } from 'node:util';
import type { ResumePoint } from '../../core/file-sink.ts';
import { joinBytes } from '../../core/join-bytes.ts';
import type { Digest, StagedFile } from '../file-store.ts';
import { storageError } from './storage-errors.ts';
import { openNew, writeNew } from './write-new.ts';

const writeChunk = promisify(write);
const spillBytes = 1 << 20;
const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW;

export class StagedDownload implements StagedFile {
  readonly path: string;
  resumable: ResumePoint | undefined;
  readonly #etagPath: string;
  #etag: string | undefined;
  #hash: Hash = createHash('sha256');
  #resumedHash: Hash | undefined;
  #bytes = 0;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #fd: number | undefined;

  private constructor(path: string) {
    this.path = `${path}.part`;
    this.#etagPath = `${path}.etag`;
  }

  /** Opens the download at `path` (without suffix). With `hasRemains` it finds the part that an earlier run left. */
  static async open(path: string, hasRemains: boolean): Promise<StagedDownload> {
    const download = new StagedDownload(path);
    if (hasRemains) await download.#guard(() => download.#findRemains());
    return download;
  }

  begin(resumed: boolean, etag: string | undefined): void {
    try {
      this.#begin(resumed, etag);
    } catch (error) {
      throw storageError(this.path, error);
    }
  }

  #begin(resumed: boolean, etag: string | undefined): void {
    this.#close();
    this.#chunks = [];
    this.#buffered = 0;
    this.#bytes = resumed ? (this.resumable?.bytes ?? 0) : 0;
    this.#hash = (resumed ? this.#resumedHash?.copy() : undefined) ?? createHash('sha256');
    if (!resumed && this.resumable !== undefined) this.#remove();
    this.#etag = etag;
  }

  write(chunk: Buffer): void | Promise<void> {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered >= spillBytes) return this.#guard(() => this.#spill());
  }

  finish(): Promise<Digest> {
    return this.#guard(async () => {
      if (this.#fd === undefined && this.#bytes === this.#buffered) {
        writeNew(this.path, joinBytes(this.#chunks));
      } else {
        await this.#spill();
        this.#close();
        rmSync(this.#etagPath, { force: true });
      }
      this.#chunks = [];
      return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
    });
  }

  interrupt(): Promise<void> {
    return this.#guard(async () => {
      if (this.#etag === undefined || this.#fd === undefined) {
        // The part that an earlier run left stays unless this run began anew.
        if (this.#bytes > 0 && this.#bytes === this.#buffered) this.#remove();
        return this.#close();
      }
      await this.#spill();
      this.#close();
      this.resumable = { bytes: this.#bytes, etag: this.#etag };
      this.#resumedHash = this.#hash.copy();
    });
  }

  drop(): Promise<void> {
    return this.#guard(async () => {
      this.#close();
      this.#remove();
    });
  }

  async #findRemains(): Promise<void> {
    const bytes = ownSize(this.path);
    if (bytes === 0 || ownSize(this.#etagPath) === 0) return;
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(this.path, { highWaterMark: spillBytes })) hash.update(chunk as Buffer);
    this.#resumedHash = hash;
    this.resumable = { bytes, etag: readFileSync(this.#etagPath, 'utf8') };
  }

  async #spill(): Promise<void> {
    if (this.#fd === undefined) {
      const begins = this.#bytes === this.#buffered;
      this.#fd = begins ? openNew(this.path) : openSync(this.path, appending);
      if (begins && this.#etag !== undefined) writeNew(this.#etagPath, this.#etag);
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#buffered = 0;
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) at += (await writeChunk(this.#fd, chunk, at)).bytesWritten;
    }
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #remove(): void {
    rmSync(this.path, { force: true });
    rmSync(this.#etagPath, { force: true });
    this.resumable = undefined;
    this.#resumedHash = undefined;
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storageError(this.path, error);
    }
  }
}

/**
 * Returns the size in bytes of a file that has no other name, or 0 if there is none. Anything else is not a file of
 * ours and is not continued.
 */
function ownSize(path: string): number {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.nlink === 1 ? found.size : 0;
}

/**
 * A download on its way into a bucket. A small one stays in memory until it is published. A large one goes there in
 * parts while it is hashed, and is no object before it is published, which completes the upload.
 */
import { createHash, type Hash } from 'node:crypto';
import type { ResumePoint } from '../../core/file-sink.ts';
import { joinBytes } from '../../core/join-bytes.ts';
import type { Digest, StagedFile } from '../file-store.ts';

/** The size of a part in bytes, the least that stores take. There may be 10,000: files of 48 GiB. */
export const partBytes = 5 << 20;

/** Bytes of an interrupted download from which on it is worth continuing. */
const resumedBytes = 1 << 20;

/** A multipart upload of one object. */
export interface Upload {
  /** Uploads the next part. */
  add(part: Buffer): Promise<void>;
  abort(): Promise<void>;
}

/** What a staged upload needs of its store. */
export interface StagingStore<T extends Upload> {
  beginUpload(): Promise<T>;
  /** Returns true if the download got memory for that many bytes before it began. */
  hasRoom(bytes: number): boolean;
  /** Resolves once there is memory for the bytes of a download that arrives. */
  reserve(): Promise<void>;
  release(): void;
  /** Returns true if this body may stay in memory until it is published. */
  mayKeep(bytes: number): boolean;
  /** Releases the memory that the download got before it began, and that of a body that was kept. */
  forget(): void;
}

export class StagedUpload<T extends Upload> implements StagedFile {
  resumable: ResumePoint | undefined;
  readonly #store: StagingStore<T>;
  #hash: Hash = createHash('sha256');
  #etag: string | undefined;
  #bytes = 0;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #upload: T | undefined;
  /** The part that is being uploaded. */
  #sending: Promise<void> = Promise.resolve();
  #isReserved = false;
  #digest: Digest | undefined;

  constructor(store: StagingStore<T>) {
    this.#store = store;
  }

  begin(resumed: boolean, etag: string | undefined): void {
    this.#etag = etag;
    this.#digest = undefined;
    if (resumed && this.resumable !== undefined) return;
    // Nothing has arrived, so that the memory that was taken for it stays.
    if (this.#bytes === 0) return;
    const upload = this.#upload;
    this.#reset();
    // What fails here is found by the next run: see the journal.
    if (upload !== undefined) this.#sending = upload.abort().catch(() => {});
  }

  write(chunk: Buffer): void | Promise<void> {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (!this.#isReserved && !this.#store.hasRoom(this.#buffered)) return this.#reserve();
    if (this.#buffered >= partBytes) return this.#send();
  }

  async finish(): Promise<Digest> {
    if (this.#digest !== undefined) return this.#digest;
    const isSmall = this.#upload === undefined && this.#buffered <= partBytes;
    if (isSmall && this.#store.mayKeep(this.#buffered)) {
      this.#chunks = [joinBytes(this.#chunks)];
    } else {
      if (this.#buffered > 0) await this.#send();
      await this.#sending;
    }
    this.#release();
    this.#digest = { bytes: this.#bytes, sha256: this.#hash.copy().digest('hex') };
    return this.#digest;
  }

  async interrupt(): Promise<void> {
    this.#release();
    if (this.#digest !== undefined) return;
    const isKept = this.#etag !== undefined && this.#bytes >= resumedBytes && (await this.#hasSent());
    if (!isKept) return this.drop();
    this.resumable = { bytes: this.#bytes, etag: this.#etag ?? '' };
    this.#store.forget();
  }

  async drop(): Promise<void> {
    this.#release();
    const upload = this.#upload;
    await this.#hasSent();
    this.#reset();
    await upload?.abort();
  }

  /** Returns what is to be published: the bytes, or the upload that is to be completed. Only after {@link finish}. */
  take(): { readonly body: Buffer; readonly digest: Digest } | { readonly upload: T; readonly digest: Digest } {
    if (this.#digest === undefined) throw new TypeError('published before it was finished');
    const digest = this.#digest;
    const [upload, [body = Buffer.alloc(0)]] = [this.#upload, this.#chunks];
    return upload === undefined ? { body, digest } : { upload, digest };
  }

  /** Frees the memory once it is published. */
  published(): void {
    this.#upload = undefined;
    this.#reset();
  }

  async #reserve(): Promise<void> {
    this.#isReserved = true;
    await this.#store.reserve();
    if (this.#buffered >= partBytes) await this.#send();
  }

  /** Sends all that is in memory as the next part, once the part before is there. */
  async #send(): Promise<void> {
    const part = joinBytes(this.#chunks);
    this.#chunks = [];
    this.#buffered = 0;
    await this.#sending;
    this.#upload ??= await this.#store.beginUpload();
    this.#sending = this.#upload.add(part);
    // Whoever sends the next part hears of it.
    this.#sending.catch(() => {});
  }

  async #hasSent(): Promise<boolean> {
    return this.#sending.then(
      () => true,
      () => false,
    );
  }

  #release(): void {
    if (this.#isReserved) this.#store.release();
    this.#isReserved = false;
  }

  #reset(): void {
    this.#store.forget();
    this.#hash = createHash('sha256');
    this.#bytes = 0;
    this.#chunks = [];
    this.#buffered = 0;
    this.#sending = Promise.resolve();
    this.#upload = undefined;
    this.#digest = undefined;
    this.resumable = undefined;
  }
}

/**
 * The FileStore port over a bucket.
 *
 *     web/<path below web/>   what is served
 *     trash/<day>/<path>      removed files
 *     prefetch/               marks of the machines that put files here besides this one
 *
 * An object appears only once its bytes are right: a small one is put with its signed sha256, a large one is uploaded
 * in parts while it is hashed, and completed when it is published. What was published is durable. Files in `packages/`
 * that are no longer part of the mirror are deleted only when no cache can have a page that links to them.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { dayOf } from '../../core/durations.ts';
import { StorageError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/hash.ts';
import { MemoryBudget } from '../../core/memory-budget.ts';
import { childPath, filenameOf, type WebPath } from '../../core/paths.ts';
import type {
  Digest,
  Entry,
  ExpectedFile,
  FileStore,
  FullDigest,
  Room,
  StagedFile,
  Stat,
  Write,
} from '../file-store.ts';
import type { DueDeletion, ObjectJournal } from '../object-journal.ts';
import type { Bucket, ObjectHead, ObjectHeaders } from './bucket.ts';
import { lastSerialOf, objectHeaders } from './object-headers.ts';
import { partBytes, StagedUpload, type Upload } from './staged-upload.ts';

/** Milliseconds for which caches may keep a page: `max-age` of the pages. */
export const pageLifetimeMs = 600_000;

/** Bytes of downloads that arrive at the same time, and of those that wait to be published. */
const arrivingBytes = 128 << 20;
const keptBytes = 24 << 20;
const deletedAtATime = 1000;
/** Begins the id in the journal of an upload that is being begun: its path follows, as the store has not told its id. */
const unknownUpload = 'begun: ';

export interface S3FileStoreOptions {
  readonly bucket: Bucket;
  readonly journal: ObjectJournal;
  /** The clock by which removed files are put under a day of the trash, and deleted. */
  readonly removals: Pick<Clock, 'now'>;
  /** True if the bucket may have files that neither this state nor its earlier runs know of. */
  readonly isUnknown?: boolean | undefined;
  /** Milliseconds until a file that is removed from `packages/` is deleted. */
  readonly deletionDelayMs?: number | undefined;
}

/** A multipart upload that the journal knows. */
interface JournaledUpload extends Upload {
  complete(): Promise<void>;
}

export class S3FileStore implements FileStore {
  readonly #bucket: Bucket;
  readonly #journal: ObjectJournal;
  readonly #removals: Pick<Clock, 'now'>;
  readonly #deletionDelayMs: number;
  readonly #isUnknown: boolean;
  readonly #arriving = new MemoryBudget(arrivingBytes);
  #kept = 0;
  #staged = 0;
  /** The last operation in each folder. */
  readonly #last = new Map<string, Promise<unknown>>();
  #hasUnknown: Promise<boolean> | undefined;

  constructor({ bucket, journal, removals, ...options }: S3FileStoreOptions) {
    this.#bucket = bucket;
    this.#journal = journal;
    this.#removals = removals;
    this.#isUnknown = options.isUnknown ?? false;
    this.#deletionDelayMs = options.deletionDelayMs ?? pageLifetimeMs;
  }

  isRemote(): boolean {
    return true;
  }

  /** A bucket has no limit. */
  async room(): Promise<Room> {
    return { size: Number.MAX_SAFE_INTEGER, free: Number.MAX_SAFE_INTEGER };
  }

  async size(path: WebPath): Promise<number | undefined> {
    return (await this.#head(path))?.bytes;
  }

  async stat(path: WebPath): Promise<Stat | undefined> {
    const head = await this.#head(path);
    if (head !== undefined) return { kind: 'file', size: head.bytes, mtimeMs: timeOf(head) };
    for await (const _ of this.entries(path)) return { kind: 'folder', size: 0, mtimeMs: 0 };
    return undefined;
  }

  async read(path: WebPath): Promise<Buffer | undefined> {
    return this.#isGone(path) ? undefined : (await this.#bucket.read(keyOf(path)))?.body;
  }

  async slice(path: WebPath, start: number, end: number): Promise<Buffer | undefined> {
    if (this.#isGone(path)) return undefined;
    return (await this.#bucket.read(keyOf(path), { start, end }))?.body;
  }

  async digest(path: WebPath, also?: 'md5', eachPiece?: (piece: Buffer) => void): Promise<FullDigest | undefined> {
    if (this.#isGone(path)) return undefined;
    const hash = createHash('sha256');
    const md5 = also && createHash('md5');
    let bytes = 0;
    const head = await this.#bucket.stream(keyOf(path), (piece) => {
      hash.update(piece);
      md5?.update(piece);
      bytes += piece.length;
      eachPiece?.(piece);
    });
    return head && { bytes, sha256: hash.digest('hex'), md5: md5?.digest('hex') };
  }

  async findVerified(path: WebPath, isPending: boolean): Promise<Digest | undefined> {
    if (!isPending && !(await this.#mayHaveUnknown())) return undefined;
    const head = await this.#head(path);
    const sha256 = head?.headers.metadata?.sha256;
    if (head === undefined || sha256 === undefined) return head && this.digest(path);
    return { bytes: head.bytes, sha256 };
  }

  async *entries(folder: WebPath): AsyncIterable<Entry> {
    const prefix = `${keyOf(folder)}/`;
    for await (const { objects, folders } of this.#bucket.list(prefix, { delimiter: '/' })) {
      for (const { key } of objects) {
        const name = key.slice(prefix.length);
        if (name !== '' && !this.#isGone(childPath(folder, name))) yield { name, kind: 'file' };
      }
      for (const key of folders) yield { name: key.slice(prefix.length, -1), kind: 'folder' };
    }
  }

  async stage(_key: string, path: WebPath, expected: ExpectedFile = {}): Promise<StagedFile> {
    this.#staged += 1;
    const owner = `${this.#staged}`;
    const { bytes = 2 * partBytes } = expected;
    return new StagedUpload<JournaledUpload>({
      beginUpload: () => this.#beginUpload(path, expected),
      // A large one has a part in memory that is being uploaded and one that arrives.
      reserve: () => this.#arriving.acquire(owner, bytes > partBytes ? 2 * partBytes : bytes),
      release: () => this.#arriving.release(owner),
      mayKeep: (size) => {
        if (size > 0 && this.#kept + size > keptBytes) return false;
        this.#kept += size;
        return true;
      },
      forget: (size) => {
        this.#kept -= size;
      },
    });
  }

  async publish(writes: readonly Write[]): Promise<void> {
    await this.#inOrder(
      writes.map(({ path }) => folderOf(path)),
      async () => {
        const again = writes.map(({ path }) => path).filter((path) => this.#isGone(path));
        if (again.length > 0) this.#journal.forgetDeletions(again);
        for (const write of writes) await this.#publish(write);
      },
    );
  }

  async discard(paths: readonly WebPath[]): Promise<void> {
    await this.#inOrder(paths.map(folderOf), async () => {
      const isLater = (path: WebPath): boolean => this.#deletionDelayMs > 0 && path.startsWith('packages/');
      const later = paths.filter(isLater);
      const dueMs = this.#removals.now() + this.#deletionDelayMs;
      if (later.length > 0) this.#journal.deleteLater(later.map((path) => ({ path, dueMs })));
      await this.#moveToTrash(
        paths.filter((path) => !isLater(path)),
        dayOf(this.#removals.now()),
      );
    });
  }

  async discardFolders(folders: readonly WebPath[]): Promise<void> {
    await this.#inOrder(folders, async () => {
      const day = dayOf(this.#removals.now());
      for (const folder of folders) {
        await this.#moveToTrash([folder], day);
        const prefix = `${keyOf(folder)}/`;
        for await (const { objects } of this.#bucket.list(prefix)) {
          const paths = objects.map(({ key }) => childPath(folder, key.slice(prefix.length)));
          await this.#moveToTrash(paths, day);
        }
      }
    });
  }

  async readTrash(path: WebPath): Promise<Buffer | undefined> {
    if (this.#isGone(path)) return (await this.#bucket.read(keyOf(path)))?.body;
    return (await this.#latest(path, (key) => this.#bucket.read(key)))?.body;
  }

  async restore(paths: readonly WebPath[]): Promise<WebPath[]> {
    const restored: WebPath[] = [];
    for (const path of paths) {
      if (await this.#restore(path)) restored.push(path);
    }
    return restored;
  }

  async emptyTrash(before: number): Promise<void> {
    await this.#deleteDue();
    for (const day of this.#journal.trashDays().filter((day) => day < dayOf(before))) {
      for await (const { objects } of this.#bucket.list(`trash/${day}/`)) {
        await this.#bucket.remove(objects.map(({ key }) => key));
      }
      this.#journal.removeTrashDay(day);
    }
  }

  /** Aborts the uploads of earlier runs. None of them can be continued: nobody knows the state of its hash. */
  async tidy(all: boolean): Promise<void> {
    if (all) return;
    for (const { path, uploadId } of this.#journal.uploads()) {
      if (uploadId.startsWith(unknownUpload)) await this.#abortUploadsOf(keyOf(path));
      else await this.#bucket.abortUpload(keyOf(path), uploadId);
      this.#journal.removeUpload(uploadId);
    }
  }

  async #abortUploadsOf(key: string): Promise<void> {
    for await (const open of this.#bucket.uploads(key))
      if (open.key === key) await this.#bucket.abortUpload(key, open.uploadId);
  }

  async leftovers(): Promise<string[]> {
    return this.#journal.uploads().map(({ path }) => filenameOf(path));
  }

  async #publish({ path, body, mtimeMs }: Write): Promise<void> {
    if (body instanceof StagedUpload) {
      const taken = (body as StagedUpload<JournaledUpload>).take();
      if ('upload' in taken) await taken.upload.complete();
      else await this.#put(path, taken.body, taken.digest.sha256, mtimeMs);
      body.published();
    } else if (body instanceof Uint8Array) await this.#put(path, body, sha256Hex(body), mtimeMs);
    else if ('sameAs' in body) {
      if (await this.#bucket.copy(keyOf(body.sameAs), keyOf(path))) return;
      throw new StorageError(`${this.#bucket.where}: ${body.sameAs} is missing, so that ${path} cannot be made of it`);
    } else throw new TypeError('staged by another store');
  }

  async #put(path: WebPath, body: Buffer, sha256: string, mtimeMs: number | undefined): Promise<void> {
    const headers = headersOf(path, { sha256, mtimeMs });
    const serial = lastSerialOf(path, body);
    const metadata = { ...headers.metadata, ...(serial !== undefined && { 'last-serial': serial }) };
    await this.#bucket.put(keyOf(path), body, { ...headers, metadata });
  }

  async #beginUpload(path: WebPath, expected: ExpectedFile): Promise<JournaledUpload> {
    const key = keyOf(path);
    // Whoever is killed before he knows the id leaves an upload that is found by its key.
    const begun = `${unknownUpload}${path}`;
    this.#journal.addUpload({ path, uploadId: begun });
    const uploadId = await this.#bucket.beginUpload(key, headersOf(path, expected));
    this.#journal.addUpload({ path, uploadId });
    this.#journal.removeUpload(begun);
    const etags: string[] = [];
    return {
      add: async (part) => {
        etags.push(await this.#bucket.putPart(key, uploadId, etags.length + 1, part));
      },
      complete: async () => {
        await this.#bucket.completeUpload(key, uploadId, etags);
        this.#journal.removeUpload(uploadId);
      },
      abort: async () => {
        await this.#bucket.abortUpload(key, uploadId);
        this.#journal.removeUpload(uploadId);
      },
    };
  }

  /** Moves the objects at `paths` into the trash of `day`. Missing ones are skipped. */
  async #moveToTrash(paths: readonly WebPath[], day: string): Promise<void> {
    if (paths.length === 0) return;
    if (!this.#journal.trashDays().includes(day)) this.#journal.addTrashDay(day);
    const copied = await Promise.all(
      paths.map(async (path) => ((await this.#bucket.copy(keyOf(path), `trash/${day}/${path}`)) ? [keyOf(path)] : [])),
    );
    await this.#bucket.remove(copied.flat());
  }

  /** Deletes the files for which the time has come. */
  async #deleteDue(): Promise<void> {
    for (;;) {
      const due = this.#journal.dueDeletions(this.#removals.now(), deletedAtATime);
      if (due.length === 0) return;
      const dayOfRemoval = ({ dueMs }: DueDeletion): string => dayOf(dueMs - this.#deletionDelayMs);
      for (const day of new Set(due.map(dayOfRemoval))) {
        const paths = due.filter((deletion) => dayOfRemoval(deletion) === day).map(({ path }) => path);
        await this.#moveToTrash(paths, day);
        this.#journal.forgetDeletions(paths);
      }
    }
  }

  async #restore(path: WebPath): Promise<boolean> {
    if (this.#isGone(path)) {
      this.#journal.forgetDeletions([path]);
      return (await this.#bucket.head(keyOf(path))) !== undefined;
    }
    if ((await this.#bucket.head(keyOf(path))) !== undefined) return false;
    const from = await this.#latest(path, async (key) =>
      (await this.#bucket.copy(key, keyOf(path))) ? key : undefined,
    );
    if (from === undefined) return false;
    await this.#bucket.remove([from]);
    return true;
  }

  /** Returns the first result of `look` for the places in the trash where `path` may lie, the latest first. */
  async #latest<T>(path: WebPath, look: (key: string) => Promise<T | undefined>): Promise<T | undefined> {
    for (const day of this.#journal.trashDays().reverse()) {
      const found = await look(`trash/${day}/${path}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #head(path: WebPath): Promise<ObjectHead | undefined> {
    return this.#isGone(path) ? undefined : this.#bucket.head(keyOf(path));
  }

  /** Returns true if the file is no longer part of the mirror, although its object may be there for a while. */
  #isGone(path: WebPath): boolean {
    return this.#deletionDelayMs > 0 && path.startsWith('packages/') && this.#journal.isToBeDeleted(path);
  }

  /** Returns true if somebody else may have put files here. Asks once. */
  #mayHaveUnknown(): Promise<boolean> {
    this.#hasUnknown ??= this.#isAny(this.#isUnknown ? 'web/packages/' : 'prefetch/');
    return this.#hasUnknown;
  }

  async #isAny(prefix: string): Promise<boolean> {
    for await (const { objects } of this.#bucket.list(prefix)) return objects.length > 0;
    return false;
  }

  /** Does `work` after everything that was begun before in these folders. */
  #inOrder(folders: readonly string[], work: () => Promise<void>): Promise<void> {
    const keys = new Set(folders);
    const before = [...keys].map((key) => this.#last.get(key));
    const done = Promise.allSettled(before).then(work);
    const settled = done.catch(() => {});
    for (const key of keys) this.#last.set(key, settled);
    void settled.then(() => {
      for (const key of keys) if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    return done;
  }
}

function keyOf(path: WebPath): string {
  return `web/${path}`;
}

function folderOf(path: WebPath): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Returns the headers of the object at `path` with what is remembered of its bytes. */
function headersOf(path: WebPath, { sha256, mtimeMs }: ExpectedFile): ObjectHeaders {
  const metadata = {
    ...(sha256 !== undefined && { sha256 }),
    ...(mtimeMs !== undefined && { mtime: String(Math.round(mtimeMs)) }),
  };
  return { ...objectHeaders(path), metadata };
}

function timeOf({ headers, modifiedMs }: ObjectHead): number {
  const mtime = Number(headers.metadata?.mtime);
  return Number.isInteger(mtime) ? mtime : modifiedMs;
}

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
import { dayOf, hourMs } from '../../core/durations.ts';
import { StorageError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/hash.ts';
import { ByteBudget, MemoryBudget } from '../../core/memory-budget.ts';
import { childPath, type WebPath } from '../../core/paths.ts';
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
import type { DueDeletion, ObjectJournal, RememberedEtag } from '../object-journal.ts';
import type { Bucket, ObjectHead, ObjectHeaders } from './bucket.ts';
import { lastSerialOf, objectHeaders } from './object-headers.ts';
import { partBytes, StagedUpload, type Upload } from './staged-upload.ts';

/** Milliseconds for which caches may keep a page: `max-age` of the pages. */
export const pageLifetimeMs = 600_000;

/** Bytes of large downloads that arrive at the same time. */
const arrivingBytes = 90 << 20;
/** Bytes of small files from before they are requested until they are published, and of what else waits for that. */
const smallFileBytes = 24 << 20;
const keptBytes = 8 << 20;
const deletedAtATime = 1000;
const marksPrefix = 'prefetch/';
/** Milliseconds after which a machine that has not renewed its mark is taken to be done. */
const markLifetimeMs = hourMs;
/** Begins the names of uploads for which the store has not told its own yet. */
const unanswered = 'unanswered ';

export interface S3FileStoreOptions {
  readonly bucket: Bucket;
  readonly journal: ObjectJournal;
  /** The clock by which removed files are put under a day of the trash, and deleted. */
  readonly removals: Pick<Clock, 'now'>;
  /** True if the bucket may have files that neither this state nor its earlier runs know of. */
  readonly isUnknown?: boolean | undefined;
  /** Returns true if all that others have put here is adopted, as far as the mirror wants it. */
  readonly isAllAdopted?: (() => boolean) | undefined;
  /** Milliseconds until a file that is removed from `packages/` is deleted. */
  readonly deletionDelayMs?: number | undefined;
}

/** A multipart upload that the journal knows. */
interface JournaledUpload extends Upload {
  /** Returns the ETag of the object. */
  complete(): Promise<string>;
}

export class S3FileStore implements FileStore {
  readonly #bucket: Bucket;
  readonly #journal: ObjectJournal;
  readonly #removals: Pick<Clock, 'now'>;
  readonly #deletionDelayMs: number;
  readonly #isUnknown: boolean;
  readonly #isAllAdopted: () => boolean;
  readonly #arriving = new MemoryBudget(arrivingBytes);
  readonly #smallFiles = new ByteBudget(smallFileBytes);
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
    this.#isAllAdopted = options.isAllAdopted ?? (() => false);
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
    if (head !== undefined)
      return {
        kind: 'file',
        size: head.bytes,
        mtimeMs: timeOf(head),
        content: contentOf(this.#journal.etagOf(path), head.etag),
      };
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
    return head && { bytes, sha256: hash.digest('hex'), md5: md5?.digest('hex'), etag: head.etag };
  }

  async findVerified(path: WebPath, isPending: boolean): Promise<Digest | undefined> {
    if (!isPending && !(await this.#mayHaveUnknown())) return undefined;
    const head = await this.#head(path);
    const sha256 = head?.headers.metadata?.sha256;
    // With another ETag it was replaced since it was put, and what is stored with it may be of what was there before.
    const isReplaced = head !== undefined && contentOf(this.#journal.etagOf(path), head.etag) === 'other';
    if (head === undefined || sha256 === undefined || isReplaced) return head && this.digest(path);
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
    const { bytes = 3 * partBytes, sha256 } = expected;
    // A store that is slower than upstream must not get three requests for each small file. So a file waits here, where
    // it has no connection that others need. Its sidecars do not wait: the file has its room until they are there.
    let room = sha256 !== undefined && bytes <= partBytes ? bytes : 0;
    if (room > 0) await this.#smallFiles.take(owner, room);
    let kept = 0;
    return new StagedUpload<JournaledUpload>({
      beginUpload: () => this.#beginUpload(path, expected),
      hasRoom: (size) => size <= room,
      // A large one has a part in memory that is being uploaded, one that arrives, and that in one piece.
      reserve: () => this.#arriving.acquire(owner, bytes > partBytes ? 3 * partBytes : bytes),
      release: () => this.#arriving.release(owner),
      mayKeep: (size) => {
        if (size <= room) return true;
        if (size > 0 && this.#kept + size > keptBytes) return false;
        this.#kept += size;
        kept = size;
        return true;
      },
      forget: () => {
        this.#kept -= kept;
        this.#smallFiles.give(owner);
        kept = 0;
        room = 0;
      },
    });
  }

  async publish(writes: readonly Write[]): Promise<void> {
    await this.#inOrder(
      writes.map(({ path }) => folderOf(path)),
      async () => {
        const again = writes.map(({ path }) => path).filter((path) => this.#isGone(path));
        if (again.length > 0) this.#journal.forgetDeletions(again);
        const etags: RememberedEtag[] = [];
        for (const write of writes) {
          const etag = await this.#publish(write);
          if (etag === undefined) this.#journal.forgetEtags([write.path]);
          else etags.push({ path: write.path, etag });
        }
        this.#journal.rememberEtags(etags);
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
    await this.#removeMarks();
  }

  /** Aborts the uploads of earlier runs. None of them can be continued: nobody knows the state of its hash. */
  async tidy(all: boolean): Promise<void> {
    if (all) return;
    for (const { path, uploadId } of this.#journal.uploads()) {
      const key = keyOf(path);
      if (uploadId.startsWith(unanswered)) await this.#abortAll(key);
      else await this.#bucket.abortUpload(key, uploadId);
      this.#journal.removeUpload(uploadId);
    }
  }

  /** Puts the objects again that a check has found missing or wrong. `read` returns the file on the disk. */
  async putCopies(read: (path: WebPath) => Promise<Buffer | undefined>): Promise<void> {
    for (const path of this.#journal.copiesToPut()) {
      const body = await read(path);
      if (body !== undefined) await this.publish([{ path, body }]);
      this.#journal.forgetCopy(path);
    }
  }

  async leftovers(): Promise<string[]> {
    const paths = new Set(this.#journal.uploads().map(({ path }) => path));
    return [...paths].map((path) => this.#bucket.addressOf(keyOf(path)));
  }

  /** Returns the ETag of the object; undefined if it is not known, as the store made the object itself. */
  async #publish({ path, body, mtimeMs }: Write): Promise<string | undefined> {
    if (body instanceof StagedUpload) {
      const taken = (body as StagedUpload<JournaledUpload>).take();
      const etag =
        'upload' in taken
          ? await taken.upload.complete()
          : await this.#put(path, taken.body, taken.digest.sha256, mtimeMs);
      body.published();
      return etag;
    }
    if (body instanceof Uint8Array) return this.#put(path, body, sha256Hex(body), mtimeMs);
    if ('sameAs' in body) {
      if (await this.#bucket.copy(keyOf(body.sameAs), keyOf(path))) return undefined;
      throw new StorageError(`${this.#bucket.where}: ${body.sameAs} is missing, so that ${path} cannot be made of it`);
    }
    throw new TypeError('staged by another store');
  }

  async #put(path: WebPath, body: Buffer, sha256: string, mtimeMs: number | undefined): Promise<string | undefined> {
    const headers = headersOf(path, { sha256, mtimeMs });
    const serial = lastSerialOf(path, body);
    const metadata = { ...headers.metadata, ...(serial !== undefined && { 'last-serial': serial }) };
    return this.#bucket.put(keyOf(path), body, { ...headers, metadata });
  }

  async #beginUpload(path: WebPath, expected: ExpectedFile): Promise<JournaledUpload> {
    const key = keyOf(path);
    // If the answer is lost, or this run dies before it comes, the store has an upload with a name that nobody knows.
    const attempt = `${unanswered}${path}`;
    this.#journal.addUpload({ path, uploadId: attempt });
    const { retries } = this.#bucket.usage;
    const uploadId = await this.#bucket.beginUpload(key, headersOf(path, expected));
    this.#journal.addUpload({ path, uploadId });
    if (this.#bucket.usage.retries === retries) this.#journal.removeUpload(attempt);
    const etags: string[] = [];
    return {
      add: async (part) => {
        etags.push(await this.#bucket.putPart(key, uploadId, etags.length + 1, part));
      },
      complete: async () => {
        const etag = await this.#bucket.completeUpload(key, uploadId, etags);
        this.#journal.removeUpload(uploadId);
        return etag;
      },
      abort: async () => {
        await this.#bucket.abortUpload(key, uploadId);
        this.#journal.removeUpload(uploadId);
      },
    };
  }

  /** Aborts all uploads of this object. */
  async #abortAll(key: string): Promise<void> {
    for await (const found of this.#bucket.uploads(key)) {
      if (found.key === key) await this.#bucket.abortUpload(key, found.uploadId);
    }
  }

  /** Moves the objects at `paths` into the trash of `day`. Missing ones are skipped. */
  async #moveToTrash(paths: readonly WebPath[], day: string): Promise<void> {
    if (paths.length === 0) return;
    if (!this.#journal.trashDays().includes(day)) this.#journal.addTrashDay(day);
    const copied = await Promise.all(
      paths.map(async (path) => ((await this.#bucket.copy(keyOf(path), `trash/${day}/${path}`)) ? [keyOf(path)] : [])),
    );
    await this.#bucket.remove(copied.flat());
    this.#journal.forgetEtags(paths);
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
    this.#hasUnknown ??= this.#isAny(this.#isUnknown ? 'web/packages/' : marksPrefix);
    return this.#hasUnknown;
  }

  /** Removes the marks of the machines that are done. If none was looked for, there was nothing new. */
  async #removeMarks(): Promise<void> {
    if (this.#hasUnknown === undefined || !this.#isAllAdopted()) return;
    // What was looked at were the marks, and there was none.
    if (!this.#isUnknown && !(await this.#hasUnknown)) return;
    const before = this.#removals.now() - markLifetimeMs;
    for await (const { objects } of this.#bucket.list(marksPrefix)) {
      await this.#bucket.remove(objects.filter(({ modifiedMs }) => modifiedMs < before).map(({ key }) => key));
    }
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

/** Returns what it says of an object that it has the ETag `found`, if it was put with the ETag `remembered`. */
export function contentOf(remembered: string | undefined, found: string): Stat['content'] {
  if (remembered === undefined) return 'unknown';
  return remembered === found ? 'as-published' : 'other';
}

function timeOf({ headers, modifiedMs }: ObjectHead): number {
  const mtime = Number(headers.metadata?.mtime);
  return Number.isInteger(mtime) ? mtime : modifiedMs;
}

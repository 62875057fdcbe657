/**
 * The FileStore of a check: what lies in the bucket is looked up in a listing, a thousand objects a request, instead of
 * asking for each. All else, and all that changes something, goes to the store itself.
 */
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
import type { ObjectJournal } from '../object-journal.ts';
import type { ObjectListing } from '../object-listing.ts';
import { contentOf } from './s3-file-store.ts';

export class ListedFileStore implements FileStore {
  readonly #live: FileStore;
  readonly #listing: ObjectListing;
  readonly #journal: ObjectJournal;

  constructor(live: FileStore, listing: ObjectListing, journal: ObjectJournal) {
    this.#live = live;
    this.#listing = listing;
    this.#journal = journal;
  }

  isRemote(path: WebPath): boolean {
    return this.#live.isRemote(path);
  }

  room(): Promise<Room> {
    return this.#live.room();
  }

  async size(path: WebPath): Promise<number | undefined> {
    return this.isRemote(path) ? (await this.stat(path))?.size : this.#live.size(path);
  }

  async stat(path: WebPath): Promise<Stat | undefined> {
    if (!this.isRemote(path)) return this.#live.stat(path);
    const found = this.#isGone(path) ? undefined : this.#listing.find(path);
    if (found !== undefined)
      return {
        kind: 'file',
        size: found.bytes,
        mtimeMs: found.modifiedMs,
        content: contentOf(this.#journal.etagOf(path), found.etag),
      };
    for (const _ of this.#listing.entries(path)) return { kind: 'folder', size: 0, mtimeMs: 0 };
    return undefined;
  }

  read(path: WebPath): Promise<Buffer | undefined> {
    return this.#live.read(path);
  }

  slice(path: WebPath, start: number, end: number): Promise<Buffer | undefined> {
    return this.#live.slice(path, start, end);
  }

  digest(path: WebPath, also?: 'md5', eachPiece?: (piece: Buffer) => void): Promise<FullDigest | undefined> {
    return this.#live.digest(path, also, eachPiece);
  }

  findVerified(path: WebPath, isPending: boolean): Promise<Digest | undefined> {
    return this.#live.findVerified(path, isPending);
  }

  async *entries(folder: WebPath): AsyncIterable<Entry> {
    if (!this.isRemote(folder)) yield* this.#live.entries(folder);
    else
      for (const entry of this.#listing.entries(folder))
        if (entry.kind === 'folder' || !this.#isGone(childPath(folder, entry.name))) yield entry;
  }

  stage(key: string, path: WebPath, expected?: ExpectedFile): Promise<StagedFile> {
    return this.#live.stage(key, path, expected);
  }

  publish(writes: readonly Write[]): Promise<void> {
    return this.#live.publish(writes);
  }

  discard(paths: readonly WebPath[]): Promise<void> {
    return this.#live.discard(paths);
  }

  discardFolders(folders: readonly WebPath[]): Promise<void> {
    return this.#live.discardFolders(folders);
  }

  readTrash(path: WebPath): Promise<Buffer | undefined> {
    return this.#live.readTrash(path);
  }

  restore(paths: readonly WebPath[]): Promise<WebPath[]> {
    return this.#live.restore(paths);
  }

  emptyTrash(before: number): Promise<void> {
    return this.#live.emptyTrash(before);
  }

  tidy(all: boolean): Promise<void> {
    return this.#live.tidy(all);
  }

  leftovers(all: boolean): Promise<string[]> {
    return this.#live.leftovers(all);
  }

  /** Returns true if the file is to be deleted, and its object is there only for pages in caches. */
  #isGone(path: WebPath): boolean {
    return path.startsWith('packages/') && this.#journal.isToBeDeleted(path);
  }
}

/**
 * The FileStore of a mirror that lies in a bucket in part: what grows with the index is in the bucket, and what is of
 * the mirror as a whole, or is not served from there, on the local disk.
 */
import type { WebPath } from '../../core/paths.ts';
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
import type { S3FileStore } from './s3-file-store.ts';

/**
 * Where a path lies. What is in both is served from the bucket, and read from the disk: the root index and other files
 * of the mirror as a whole, which runs compare with what they would write.
 */
type Place = 'local' | 'bucket' | 'both';

/** Returns where `path` lies. */
export function placeOf(path: WebPath, hold: Holding): Place {
  const [top = '', ...rest] = path.split('/');
  if (top === 'packages') return 'bucket';
  if (hold === 'files') return 'local';
  // The folders of projects, and the folder of these folders. The root index lies beside them.
  const isOfProjects = (top === 'simple' && (rest.length !== 1 || !isIndex(rest[0]))) || top === 'pypi';
  return isOfProjects ? 'bucket' : 'both';
}

/** What of the mirror a bucket holds: `packages/`, or all of `web/`. */
export type Holding = 'files' | 'everything';

/** A download to both places. */
class BothStaged implements StagedFile {
  readonly resumable = undefined;
  readonly local: StagedFile;
  readonly remote: StagedFile;

  constructor(local: StagedFile, remote: StagedFile) {
    this.local = local;
    this.remote = remote;
  }

  begin(): void {
    // Parts of one could not be continued in the other.
    this.local.begin(false, undefined);
    this.remote.begin(false, undefined);
  }

  async write(chunk: Buffer): Promise<void> {
    await this.local.write(chunk);
    await this.remote.write(chunk);
  }

  async finish(): Promise<Digest> {
    await this.remote.finish();
    return this.local.finish();
  }

  async interrupt(): Promise<void> {
    await this.local.interrupt();
    await this.remote.interrupt();
  }

  async drop(): Promise<void> {
    await this.local.drop();
    await this.remote.drop();
  }
}

export class SplitFileStore implements FileStore {
  readonly #local: FileStore;
  readonly #bucket: S3FileStore;
  readonly #hold: Holding;

  constructor(local: FileStore, bucket: S3FileStore, hold: Holding) {
    this.#local = local;
    this.#bucket = bucket;
    this.#hold = hold;
  }

  isRemote(path: WebPath): boolean {
    return this.#placeOf(path) === 'bucket';
  }

  room(): Promise<Room> {
    return this.#local.room();
  }

  size(path: WebPath): Promise<number | undefined> {
    return this.#of(path).size(path);
  }

  stat(path: WebPath): Promise<Stat | undefined> {
    return this.#of(path).stat(path);
  }

  read(path: WebPath): Promise<Buffer | undefined> {
    return this.#of(path).read(path);
  }

  slice(path: WebPath, start: number, end: number): Promise<Buffer | undefined> {
    return this.#of(path).slice(path, start, end);
  }

  digest(path: WebPath, also?: 'md5', eachPiece?: (piece: Buffer) => void): Promise<FullDigest | undefined> {
    return this.#of(path).digest(path, also, eachPiece);
  }

  findVerified(path: WebPath, isPending: boolean): Promise<Digest | undefined> {
    return this.#of(path).findVerified(path, isPending);
  }

  entries(folder: WebPath): AsyncIterable<Entry> {
    return this.#of(folder).entries(folder);
  }

  async stage(key: string, path: WebPath, expected?: ExpectedFile): Promise<StagedFile> {
    const place = this.#placeOf(path);
    if (place !== 'both') return this.#of(path).stage(key, path, expected);
    return new BothStaged(await this.#local.stage(key, path, expected), await this.#bucket.stage(key, path, expected));
  }

  async publish(writes: readonly Write[]): Promise<void> {
    for (const [place, group] of this.#groups(writes, ({ path }) => path)) {
      // What the disk has would be taken for published.
      if (place !== 'local') await this.#bucket.publish(group.map((write) => bodyIn(write, 'remote')));
      if (place !== 'bucket') await this.#local.publish(group.map((write) => bodyIn(write, 'local')));
    }
  }

  async discard(paths: readonly WebPath[]): Promise<void> {
    for (const [place, group] of this.#groups(paths, itself)) {
      if (place !== 'local') await this.#bucket.discard(group);
      if (place !== 'bucket') await this.#local.discard(group);
    }
  }

  async discardFolders(folders: readonly WebPath[]): Promise<void> {
    for (const [place, group] of this.#groups(folders, itself)) {
      if (place !== 'local') await this.#bucket.discardFolders(group);
      if (place !== 'bucket') await this.#local.discardFolders(group);
    }
  }

  readTrash(path: WebPath): Promise<Buffer | undefined> {
    return this.#of(path).readTrash(path);
  }

  async restore(paths: readonly WebPath[]): Promise<WebPath[]> {
    const restored: (readonly WebPath[])[] = [];
    for (const [place, group] of this.#groups(paths, itself)) {
      if (place !== 'local') restored.push(await this.#bucket.restore(group));
      if (place !== 'bucket') restored.push(await this.#local.restore(group));
    }
    return [...new Set(restored.flat())];
  }

  async emptyTrash(before: number): Promise<void> {
    await this.#bucket.emptyTrash(before);
    await this.#local.emptyTrash(before);
  }

  async tidy(all: boolean): Promise<void> {
    await this.#bucket.tidy(all);
    if (!all) await this.#bucket.putCopies((path) => this.#local.read(path));
    await this.#local.tidy(all);
  }

  async leftovers(all: boolean): Promise<string[]> {
    return [...(await this.#bucket.leftovers()), ...(await this.#local.leftovers(all))];
  }

  /** Returns the store that `path` is read from. */
  #of(path: WebPath): FileStore {
    return this.isRemote(path) ? this.#bucket : this.#local;
  }

  #placeOf(path: WebPath): Place {
    return placeOf(path, this.#hold);
  }

  /** Yields the items that follow each other and lie in the same place. */
  *#groups<T>(items: readonly T[], pathOf: (item: T) => WebPath): Iterable<[Place, T[]]> {
    let start = 0;
    while (start < items.length) {
      const place = this.#placeOf(pathOf(items[start] as T));
      let end = start + 1;
      while (end < items.length && this.#placeOf(pathOf(items[end] as T)) === place) end += 1;
      yield [place, items.slice(start, end)];
      start = end;
    }
  }
}

function itself(path: WebPath): WebPath {
  return path;
}

function isIndex(name: string | undefined): boolean {
  return name?.startsWith('index.') === true;
}

function bodyIn(write: Write, place: 'local' | 'remote'): Write {
  return write.body instanceof BothStaged ? { ...write, body: write.body[place] } : write;
}

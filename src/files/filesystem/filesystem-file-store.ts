/**
 * The FileStore port over a POSIX file system.
 *
 *     TARGET/staging/  files being written, never served
 *     TARGET/trash/    removed files: <day>/<path under web/>
 *     TARGET/web/      the published tree; mounts below it have a staging and a trash of their own, see mounts.ts
 *
 * A commit writes and flushes the bytes, then renames them into place, then flushes the folders. Everything that waits
 * at that moment shares these three steps, so durability costs a fraction of a millisecond per file.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync, utimesSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';
import type { Clock } from '../../core/clock.ts';
import { dayOf } from '../../core/durations.ts';
import { StorageError } from '../../core/errors.ts';
import { GroupCommit } from '../../core/group-commit.ts';
import type { WebPath } from '../../core/paths.ts';
import type { Entry, FileStore, FullDigest, Room, StagedFile, Stat, Write } from '../file-store.ts';
import { digestFile, readSlice, readWhole } from './digest-file.ts';
import { Flushers, flushNow } from './flush.ts';
import { Mounts, notOfTheTree } from './mounts.ts';
import { PublishedFolders } from './published-folders.ts';
import { entriesOf, kindOf } from './read-folder.ts';
import { mayBeRead, refuseLinks } from './refuse-links.ts';
import { StagedDownload } from './staged-download.ts';
import { guardStorage, lstatOf, storageError } from './storage-errors.ts';
import { Trash } from './trash.ts';
import { linkOrCopy, writeNew } from './write-new.ts';

const climbs = /(?:^|\/)\.\.(?:\/|$)|\0/;

/** One step of a commit: files to publish, or paths to move into the trash. */
type Step = { readonly writes: readonly Write[] } | { readonly discards: readonly WebPath[] };

export class FilesystemFileStore implements FileStore {
  readonly #target: string;
  readonly #web: string;
  /** The name of the staging folder. */
  readonly #staging: string;
  readonly #mounts: Mounts;
  readonly #trash: Trash;
  readonly #removals: Pick<Clock, 'now'>;
  readonly #commits: GroupCommit<Step>;
  readonly #flushers: Flushers;
  readonly #folders: PublishedFolders;
  #temporaries = 0;
  /** Names that earlier runs left in staging, read once because nearly every download finds nothing there. */
  #remains: Set<string> | undefined;

  /**
   * Opens the tree below the folder `target`. Nothing is created or changed before {@link create}. Programs that may
   * run at the same time must not share a `staging` folder. Removed files go to the trash under the day of the clock
   * `removals`.
   */
  constructor(target: string, clock: Clock, staging = 'staging', removals: Pick<Clock, 'now'> = clock) {
    this.#web = join(target, 'web');
    this.#staging = staging;
    this.#mounts = new Mounts(target);
    this.#folders = new PublishedFolders(this.#web);
    this.#trash = new Trash(this.#web, this.#mounts);
    this.#target = target;
    this.#removals = removals;
    this.#flushers = new Flushers((path) => this.#stagingOf(path));
    this.#commits = new GroupCommit(clock, (steps) => this.#commit(steps));
  }

  /** Creates the folders of a mirror that are missing. Throws StorageError. */
  create(): void {
    // The target and web/ may be links: the administrator chose the place of the mirror.
    const published = ['simple', 'packages', 'local-stats/days'].map((folder) => join(this.#web, folder));
    let isNew = false;
    for (const path of published) {
      guardStorage(path, () => {
        refuseLinks(this.#web, path);
        isNew = makeFolder(path) || isNew;
      });
    }
    for (const name of ['trash', this.#staging]) {
      isNew = guardStorage(join(this.#target, name), () => this.#mounts.createHomes(name)) || isNew;
    }
    // Published files are lost in a power cut if their folder is.
    const parents = [this.#target, this.#web, join(this.#web, 'local-stats')];
    if (isNew) for (const path of parents) guardStorage(path, () => flushNow(path));
  }

  /**
   * Returns the full path of `path`, which may come from a state or a page that somebody else has written. Throws
   * StorageError if it would lie outside of `web/`.
   */
  #at(path: WebPath): string {
    if (!climbs.test(path)) return path === '' ? this.#web : `${this.#web}/${path}`;
    throw new StorageError(`${this.#web}: ${JSON.stringify(path)} would lie outside of it, and is left alone`);
  }

  isRemote(): boolean {
    return false;
  }

  async room(): Promise<Room> {
    // Files need most of the space, and packages/ may be a disk of its own. Before the first run there is no tree.
    const folder = [join(this.#web, 'packages'), this.#web].find((path) => existsSync(path)) ?? this.#target;
    return guardStorage(folder, () => {
      const { bsize, blocks, bavail, files, ffree } = statfsSync(folder);
      const inodes = files === 0 ? undefined : { all: files, free: ffree };
      return { size: bsize * blocks, free: bsize * bavail, inodes };
    });
  }

  async size(path: WebPath): Promise<number | undefined> {
    const file = this.#at(path);
    return guardStorage(file, () => {
      const found = lstatOf(file);
      return found?.isFile() ? found.size : undefined;
    });
  }

  async read(path: WebPath): Promise<Buffer | undefined> {
    const file = this.#at(path);
    return guardStorage(file, () => {
      try {
        const bytes = readWhole(file);
        if (bytes !== undefined) return bytes;
        // A link may lead anywhere. Links of an older program lead to pages beside them.
        return mayBeRead(this.#web, file) ? readFileSync(file) : undefined;
      } catch (error) {
        if (hasCode(error, 'ENOENT', 'ENAMETOOLONG')) return undefined;
        throw error;
      }
    });
  }

  async slice(path: WebPath, start: number, end: number): Promise<Buffer | undefined> {
    if ((await this.size(path)) === undefined) return undefined;
    const file = this.#at(path);
    return guardStorage(file, () => readSlice(file, start, end));
  }

  async stat(path: WebPath): Promise<Stat | undefined> {
    const file = this.#at(path);
    return guardStorage(file, () => {
      const found = lstatOf(file);
      if (found === undefined) return undefined;
      // A mirror creates no mounts, and cannot remove them.
      const kind = this.#mounts.isTop(file) ? 'other' : kindOf(found);
      return { kind, size: found.size, mtimeMs: found.mtimeMs };
    });
  }

  async digest(path: WebPath, also?: 'md5', eachPiece?: (piece: Buffer) => void): Promise<FullDigest | undefined> {
    const file = this.#at(path);
    try {
      return await digestFile(file, also === 'md5', eachPiece);
    } catch (error) {
      throw storageError(file, error);
    }
  }

  async findVerified(path: WebPath): Promise<FullDigest | undefined> {
    // Of nearly all files that are asked for there is nothing, and an open that fails costs several times as much.
    return isMissing(this.#at(path)) ? undefined : this.digest(path);
  }

  async *entries(folder: WebPath): AsyncIterable<Entry> {
    const path = this.#at(folder);
    try {
      // Only folders directly below web/ have entries for each project.
      for (const entry of entriesOf(path, !folder.includes('/'))) {
        if (!notOfTheTree.has(entry.name) || !this.#mounts.isTop(path)) yield entry;
      }
    } catch (error) {
      throw storageError(path, error);
    }
  }

  stage(key: string, _path: WebPath): Promise<StagedFile> {
    const staging = this.#stagingOf(join(this.#web, 'packages'));
    this.#remains ??= new Set(guardStorage(staging, () => readdirSync(staging)));
    return StagedDownload.open(join(staging, key), this.#remains.has(`${key}.etag`));
  }

  publish(writes: readonly Write[]): Promise<void> {
    return this.#commits.add({ writes });
  }

  discard(paths: readonly WebPath[]): Promise<void> {
    return this.#commits.add({ discards: paths });
  }

  discardFolders(folders: readonly WebPath[]): Promise<void> {
    return this.discard(folders);
  }

  async readTrash(path: WebPath): Promise<Buffer | undefined> {
    // It throws if the path leads out of the folder.
    this.#at(path);
    const file = this.#trash.latest(path);
    return file === undefined ? undefined : guardStorage(file, () => readFileSync(file));
  }

  async restore(paths: readonly WebPath[]): Promise<WebPath[]> {
    const touched = new Set<string>();
    const restored: WebPath[] = [];
    for (const path of paths) if (await this.#restore(path, touched)) restored.push(path);
    await this.#flushers.flush(touched);
    return restored;
  }

  emptyTrash(before: number): Promise<void> {
    return this.#trash.empty(before);
  }

  async tidy(all: boolean): Promise<void> {
    await this.#commits.idle();
    for (const path of this.#leftIn(all)) {
      guardStorage(path, () => rmSync(path, { recursive: true, force: true }));
    }
  }

  async leftovers(all: boolean): Promise<string[]> {
    return this.#leftIn(all).map((path) => basename(path));
  }

  #leftIn(all: boolean): string[] {
    return this.#mounts.homes(this.#staging).flatMap((home) => {
      refuseLinks(home.startsWith(this.#web) ? this.#web : this.#target, home);
      const names = existsSync(home) ? guardStorage(home, () => readdirSync(home)) : [];
      return names.filter((name) => all || !/\.(?:part|etag)$/.test(name)).map((name) => join(home, name));
    });
  }

  #stagingOf(path: string): string {
    return this.#mounts.homeOf(path, this.#staging);
  }

  async #commit(steps: readonly Step[]): Promise<void> {
    const staged: { from: string; to: string }[][] = [];
    const written = new Set<string>();
    for (const step of steps) {
      if (!('writes' in step)) continue;
      staged.push(step.writes.map((write) => ({ from: this.#written(write), to: this.#at(write.path) })));
    }
    for (const { from } of staged.flat()) written.add(from);
    await this.#flushers.flush(written);

    const touched = new Set<string>();
    for (const step of steps)
      if ('discards' in step) for (const path of step.discards) this.#moveToTrash(path, touched);
    for (const { from, to } of staged.flat()) this.#folders.moveInto(from, to, touched);
    await this.#flushers.flush(touched);
  }

  /** Writes `write` into staging, and returns the path of the staged file. */
  #written({ path, body, mtimeMs }: Write): string {
    let file: string;
    const to = this.#at(path);
    if (body instanceof StagedDownload) {
      file = guardStorage(body.path, () => this.#mounts.bring(body.path, to, this.#staging));
    } else {
      this.#temporaries += 1;
      file = join(this.#stagingOf(to), `write-${this.#temporaries}`);
      if (body instanceof Uint8Array) guardStorage(file, () => writeNew(file, body));
      else if ('sameAs' in body) guardStorage(file, () => linkOrCopy(this.#at(body.sameAs), file));
      else throw new TypeError('staged by another store');
    }
    if (mtimeMs !== undefined) guardStorage(file, () => utimesSync(file, mtimeMs / 1000, mtimeMs / 1000));
    return file;
  }

  #moveToTrash(path: WebPath, touched: Set<string>): void {
    const from = this.#at(path);
    const to = this.#trash.pathOn(path, dayOf(this.#removals.now()));
    guardStorage(from, () => {
      refuseLinks(this.#web, dirname(from));
      if (lstatOf(from) === undefined || this.#mounts.isTop(from)) return;
      refuseLinks(to.startsWith(this.#web) ? this.#web : this.#target, dirname(to));
      mkdirSync(dirname(to), { recursive: true });
      // A folder cannot be renamed over one that was removed earlier on the same day.
      rmSync(to, { recursive: true, force: true });
      renameSync(from, to);
      this.#folders.forget();
      touched.add(dirname(from)).add(dirname(to));
      this.#folders.removeEmpty(dirname(from));
    });
  }

  async #restore(path: WebPath, touched: Set<string>): Promise<boolean> {
    const to = this.#at(path);
    const place = this.#trash.latest(path);
    if (place === undefined || guardStorage(to, () => lstatOf(to)) !== undefined) return false;
    // A file that was removed before a disk was mounted at its place lies on another disk.
    const from = guardStorage(place, () => this.#mounts.bring(place, to, this.#staging));
    if (from !== place) await this.#flushers.flush(filesIn(from));
    this.#folders.moveInto(from, to, touched);
    touched.add(dirname(place));
    return true;
  }
}

/** Returns true if nothing lies at `path`. Returns false if the file system does not tell, as reading then tells why. */
function isMissing(path: string): boolean {
  try {
    return lstatOf(path) === undefined;
  } catch {
    return false;
  }
}

/** Makes the folder with those above it, and returns true if it was missing. */
function makeFolder(path: string): boolean {
  try {
    return mkdirSync(path, { recursive: true }) !== undefined;
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    // Node says so of a disk that is read-only, too.
    mkdirSync(firstMissing(path));
    makeFolder(path);
    return true;
  }
}

/** Returns the topmost folder of `path` that is missing. */
function firstMissing(path: string): string {
  const parent = dirname(path);
  return parent === path || existsSync(parent) ? path : firstMissing(parent);
}

/** Returns the file at `path`, or all entries of the folder there. */
function filesIn(path: string): Set<string> {
  if (!lstatOf(path)?.isDirectory()) return new Set([path]);
  return new Set(readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name)));
}

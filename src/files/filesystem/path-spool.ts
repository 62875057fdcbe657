/**
 * The spool of changed paths, `TARGET/spool/changed-paths`, for a command that has to hear of them. A path is in the
 * spool before the tree changes there, and stays until somebody has taken all of it: so whatever dies in between,
 * every change is told at least once. It is on disk, because a first run changes millions of paths.
 */
import {
  closeSync,
  createReadStream,
  fdatasyncSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { GroupCommit } from '../../core/group-commit.ts';
import { ownPath, urlPath, type WebPath } from '../../core/paths.ts';
import type { ChangedPaths } from '../changed-paths.ts';
import { delegate } from '../delegate.ts';
import type { EntryKind, FileStore } from '../file-store.ts';
import { flushNow } from './flush.ts';
import { guardStorage, storageError } from './storage-errors.ts';

/** The files that runs renew although nothing has changed, such as the time that they tell. */
const renewed: ReadonlySet<WebPath> = new Set(
  (
    [
      'last-modified',
      'mirror-status.json',
      'snapshot.json',
      'snapshot.json.sig',
      'index.html',
      'status/index.html',
    ] as const
  ).map(ownPath),
);

/** A path that is about to change. */
export interface PathChange {
  readonly path: WebPath;
  /** What is removed there; undefined if something is published. */
  readonly removed?: EntryKind | undefined;
}

/** Writes all bytes, or throws: a disk that is nearly full takes some of them without an error. */
function writeFully(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}

export class PathSpool implements ChangedPaths {
  readonly #path: string;
  readonly #folder: string;
  readonly #commits: GroupCommit<string>;
  readonly #renewed = new Set<WebPath>();
  #fd: number | undefined;

  /** Creates nothing before {@link add}. */
  constructor(target: string, clock: Clock) {
    this.#folder = join(target, 'spool');
    this.#path = join(this.#folder, 'changed-paths');
    this.#commits = new GroupCommit(clock, async (lines) => this.#write(lines.join('')));
  }

  /** Adds paths that are about to change. Resolves when that is durable. Rejects with a StorageError. */
  async add(changes: readonly PathChange[]): Promise<void> {
    for (const { path } of changes) if (renewed.has(path)) this.#renewed.add(path);
    const lines = changes.filter(({ path }) => !renewed.has(path)).map((change) => lineOf(change));
    if (lines.length > 0) await this.#commits.add(lines.join(''));
  }

  hasPaths(): boolean {
    return guardStorage(this.#path, () => (statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) > 0);
  }

  async *lines(): AsyncIterable<string> {
    let rest = '';
    try {
      for await (const piece of createReadStream(this.#path, 'utf8') as AsyncIterable<string>) {
        const lines = (rest + piece).split('\n');
        rest = lines.pop() ?? '';
        // A run that was killed may have left a part of a line. What it was about did not change.
        yield lines.flatMap((line) => (line.endsWith('}') ? [`${line}\n`] : [])).join('');
      }
    } catch (error) {
      throw storageError(this.#path, error);
    }
    yield [...this.#renewed].map((path) => lineOf({ path })).join('');
  }

  clear(): void {
    this.close();
    guardStorage(this.#path, () => rmSync(this.#path, { force: true }));
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #write(text: string): void {
    guardStorage(this.#path, () => {
      this.#fd ??= this.#open();
      writeFully(this.#fd, Buffer.from(text));
      fdatasyncSync(this.#fd);
    });
  }

  #open(): number {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const fd = openSync(this.#path, 'a+', 0o600);
    const { size } = fstatSync(fd);
    const last = Buffer.alloc(1);
    // A run that was killed may have left half a line.
    if (size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a) writeSync(fd, '\n');
    if (size === 0) flushNow(this.#folder);
    return fd;
  }
}

function lineOf({ path, removed }: PathChange): string {
  const full = removed === 'folder' ? `${path}/` : path;
  // A page is served as its folder, in any of its forms.
  const url = `/${urlPath(path)}${full.slice(path.length)}`.replace(/\/index\.(?:html|v1_json)(?:\.gz)?$/, '/');
  return `${JSON.stringify({ path: full, url, ...(removed !== undefined && { removed: true }) })}\n`;
}

/** Returns the store `files`, which puts every path into `spool` before it changes there. */
export function spooling(files: FileStore, spool: PathSpool): FileStore {
  let last: Promise<unknown> = Promise.resolve();
  return delegate(files, {
    async publish(writes) {
      await add(async () => writes.map(({ path }) => ({ path })));
      await files.publish(writes);
    },
    async discard(paths) {
      await add(() => removals(paths, 'file'));
      await files.discard(paths);
    },
    async discardFolders(folders) {
      await add(() => removals(folders, 'folder'));
      await files.discardFolders(folders);
    },
    async restore(paths) {
      await spool.add(paths.map((path) => ({ path })));
      return await files.restore(paths);
    },
  });

  /** Adds the changes in the order of the calls, in which the tree will change as well. */
  async function add(changes: () => Promise<PathChange[]>): Promise<void> {
    const found = last.then(changes);
    last = found.catch(() => {});
    await spool.add(await found);
  }

  async function removals(paths: readonly WebPath[], expected: EntryKind): Promise<PathChange[]> {
    const changes: PathChange[] = [];
    for (const path of paths) {
      const removed = files.isRemote(path) ? expected : (await files.stat(path))?.kind;
      if (removed !== undefined) changes.push({ path, removed });
    }
    return changes;
  }
}

/**
 * Moves a mirror between the disk and an object store: copies what it holds, verified, and then switches in one
 * transaction. What is copied stays where it was: it is served from there until the web server is told.
 */
import type { Clock } from '../core/clock.ts';
import { throwIfPaused, UnfitFileError } from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import { inPages } from '../core/in-pages.ts';
import { mapInOrder } from '../core/map-in-order.ts';
import type { ProjectName } from '../core/names.ts';
import {
  childPath,
  legacyJsonFolder,
  legacyRoot,
  packagesRoot,
  pagePath,
  projectFolder,
  sidecarPath,
  simpleRoot,
  type WebPath,
  webRoot,
} from '../core/paths.ts';
import { Semaphore } from '../core/semaphore.ts';
import { heldSidecars, sidecars } from '../core/sidecars.ts';
import type { FileStore } from '../files/file-store.ts';
import { twinOf } from '../pages/publish-pages.ts';
import type { HeldFile } from '../state/held-projects.ts';
import { isSamePlace, type StorageMove, type StoragePlace, storageState } from '../state/mirror-state.ts';
import { change } from '../state/state-section.ts';
import type { StateStore } from '../state/state-store.ts';

/** Files that are copied at the same time. */
const copiedAtOnce = 16;
/** Files that wait for their turn, so that a large one does not stop the others. */
const begunAtOnce = 1000;
/** Bytes that are read at a time. */
const pieceBytes = 4 << 20;
const rowsAtATime = 1000;
/** Files after which the position is remembered. Those that are copied again after a kill are found to be there. */
const rememberedEach = 500;

/** What happens during a move. */
export interface MoveReport {
  /** A file or page is there now; `isNew` if this move has put it there. */
  done(isNew: boolean): void;
  bytes(count: number): void;
  /** Something is not copied, and why. */
  problem(text: string): void;
}

export interface Move {
  readonly state: StateStore;
  readonly from: FileStore;
  readonly to: FileStore;
  /** The place to which it moves; undefined is the disk. */
  readonly place: StoragePlace | undefined;
  /** What the bucket holds. */
  readonly hold: StoragePlace['hold'];
  readonly clock: Pick<Clock, 'now'>;
  readonly signal: AbortSignal;
  readonly report: MoveReport;
}

/** Returns the move that was begun to `place` and can be continued; undefined if there is none. */
export function begunMove(state: Pick<StateStore, 'get'>, place: StoragePlace | undefined): StorageMove | undefined {
  const { moving } = state.get(storageState);
  return moving !== undefined && isSamePlace(moving.to, place) ? moving : undefined;
}

/** Copies all, and switches. Throws PausedError, StorageError; the next call goes on from there. */
export async function moveAll(move: Move): Promise<void> {
  const { state, place, clock } = move;
  const begun = begunMove(state, place);
  const position = new Position(state, begun ?? { to: place, since: clock.now(), files: 0 });
  const copy = new Copy(move, begun !== undefined || (await hasAny(move.to)));
  await copyFiles(move, copy, position);
  if (move.hold === 'everything') {
    await copyPages(move, copy, position);
    await discardOtherProjects(move, copy);
    // On the way to the disk the rest is there already.
    if (place !== undefined) await copyRest(move, copy);
  }
  throwIfPaused(move.signal);
  state.set(change(storageState, { storage: place, moving: undefined }));
}

/** The position of a move, remembered now and then. */
class Position {
  readonly #state: StateStore;
  #now: StorageMove;
  #unsaved = 0;

  constructor(state: StateStore, now: StorageMove) {
    this.#state = state;
    this.#now = now;
    this.save();
  }

  get now(): StorageMove {
    return this.#now;
  }

  move(to: Partial<StorageMove>): void {
    this.#now = { ...this.#now, ...to };
    this.#unsaved += 1;
    if (this.#unsaved >= rememberedEach) this.save();
  }

  save(): void {
    this.#state.set(change(storageState, { moving: this.#now }));
    this.#unsaved = 0;
  }
}

async function copyFiles({ state }: Move, copy: Copy, position: Position): Promise<void> {
  try {
    for await (const path of mapInOrder(filesAfter(state, position.now.file), begunAtOnce, (file) => copy.file(file))) {
      position.move({ file: path, files: position.now.files + 1 });
    }
  } finally {
    position.save();
  }
}

function* filesAfter({ held }: StateStore, start: WebPath | undefined): Iterable<HeldFile> {
  for (let after = start; ; ) {
    const rows = held.filesAfter(after, rowsAtATime);
    yield* rows;
    after = rows.at(-1)?.path;
    if (after === undefined) return;
  }
}

async function copyPages({ state }: Move, copy: Copy, position: Position): Promise<void> {
  try {
    for await (const name of mapInOrder(publishedIn(state, position.now.project), begunAtOnce, (name) =>
      copy.pages(name),
    )) {
      position.move({ project: name });
    }
  } finally {
    position.save();
  }
}

function* publishedIn({ held }: StateStore, start?: ProjectName): Iterable<ProjectName> {
  for (const page of inPages((after) => held.published(after, rowsAtATime), start)) {
    for (const { name } of page) yield name;
  }
}

/**
 * Moves the pages of projects that are no part of the mirror into the trash of the new place: an earlier mirror left
 * them.
 */
async function discardOtherProjects({ state, to }: Move, { mayBeThere }: Copy): Promise<void> {
  if (!mayBeThere) return;
  const published = new Set<string>(publishedIn(state));
  for (const root of [simpleRoot, legacyRoot]) {
    for await (const { name, kind } of to.entries(root)) {
      if (kind === 'folder' && !published.has(name)) await to.discardFolders([childPath(root, name)]);
    }
  }
}

/** Copies the files of the mirror as a whole, and all else that is served. */
async function copyRest({ from }: Move, copy: Copy): Promise<void> {
  const isElsewhere = (path: string): boolean => /^(?:packages|pypi)$|^simple\/./.test(path);
  for await (const _ of mapInOrder(filesBelow(from, webRoot, isElsewhere, copy), begunAtOnce, (path) =>
    copy.small(path),
  ));
}

async function* filesBelow(
  files: FileStore,
  folder: WebPath,
  isElsewhere: (folder: string) => boolean,
  copy: Copy,
): AsyncIterable<WebPath> {
  const entries = [];
  for await (const entry of files.entries(folder)) {
    const path = childPath(folder, entry.name);
    if (entry.kind !== 'folder' || !isElsewhere(path)) entries.push({ ...entry, path });
  }
  for (const { kind, path } of entries) {
    if (kind === 'file') yield path;
    else if (kind === 'folder') yield* filesBelow(files, path, isElsewhere, copy);
    else copy.problem(`${path}: is a link or a device, which is not copied`);
  }
}

/** Copies single files, a few at a time. */
class Copy {
  readonly #move: Move;
  readonly #slots = new Semaphore(copiedAtOnce);
  /** True if some of it may be in the new place already. */
  readonly mayBeThere: boolean;
  #staged = 0;

  constructor(move: Move, mayBeThere: boolean) {
    this.#move = move;
    this.mayBeThere = mayBeThere;
  }

  problem(text: string): void {
    this.#move.report.problem(text);
  }

  /** Copies a held file and its sidecars. A damaged one is left to the next run. Resolves with its path. */
  file(file: HeldFile): Promise<WebPath> {
    return this.#slots.run(async () => {
      const { state, report } = this.#move;
      const problem = (await orUnfit(() => this.#blob(file))) ?? (await this.#sidecars(file));
      if (problem !== undefined) {
        report.problem(`${problem}; it is not copied, and the next run fetches it again`);
        const name = state.held.holderOf(file.path);
        if (name !== undefined) state.queue.requeue(name, [file.path]);
      }
      return file.path;
    });
  }

  /** Copies the pages of a project and its legacy JSON. Resolves with its name. */
  async pages(name: ProjectName): Promise<ProjectName> {
    const there = new Set<WebPath>();
    const { json, html } = this.#move.state.pages.hashesOf(name);
    const pages = [
      ['index.html', 'index.html.gz', html],
      ['index.v1_json', 'index.v1_json.gz', json],
    ] as const;
    for (const [plain, twin, sha256] of pages) {
      const paths = { page: pagePath(plain, name), twin: pagePath(twin, name) };
      for (const path of await this.#slots.run(() => this.#page(name, paths, sha256))) there.add(path);
    }
    for await (const path of filesBelow(this.#move.from, legacyJsonFolder(name), () => false, this)) {
      there.add(path);
      await this.small(path);
    }
    for (const folder of [projectFolder(name), legacyJsonFolder(name)]) await this.#discardOthers(folder, there);
    return name;
  }

  /** Copies a file that fits into memory, whatever its bytes are. */
  small(path: WebPath): Promise<void> {
    return this.#slots.run(async () => {
      const body = await this.#read(path);
      if (body !== undefined) await this.#put(path, body);
    });
  }

  /** Returns what is wrong with the file at its old place; undefined if it is in the new one now. */
  async #blob({ path, sha256, size }: HeldFile): Promise<string | undefined> {
    const { from, to, report, signal } = this.#move;
    if (await this.#isThere(path, sha256)) return void report.done(false);
    const stat = await from.stat(path);
    if (stat === undefined) return `${path}: is missing`;
    if (stat.kind !== 'file') return `${path}: is no file`;
    this.#staged += 1;
    const key = `move${this.#staged}`;
    const staged = await to.stage(key, path, { bytes: size, sha256, mtimeMs: stat.mtimeMs });
    try {
      staged.begin(false, undefined);
      for (let start = 0; start < stat.size; start += pieceBytes) {
        throwIfPaused(signal);
        const piece = await from.slice(path, start, Math.min(start + pieceBytes, stat.size));
        if (piece === undefined || piece.length === 0) break;
        await staged.write(piece);
        report.bytes(piece.length);
      }
      const found = await staged.finish();
      if (found.sha256 !== sha256) {
        await staged.drop();
        return `${path}: expected ${size} bytes with sha256 ${sha256}, found ${found.bytes} with ${found.sha256}`;
      }
      await to.publish([{ path, body: staged, mtimeMs: stat.mtimeMs }]);
    } catch (error) {
      await staged.drop().catch(() => {});
      throw error;
    }
    report.done(true);
    return undefined;
  }

  async #sidecars(file: HeldFile): Promise<string | undefined> {
    for (const kind of heldSidecars(file)) {
      const path = sidecarPath(file.path, kind);
      const body = await this.#read(path);
      if (body === undefined) return `${path}: is missing`;
      const wrong = sidecars[kind].differenceOf(body, file);
      if (wrong !== undefined) return `${path}: expected ${wrong.expected}, found ${wrong.found}`;
      await this.#put(path, body);
    }
    return undefined;
  }

  /** Copies a page with its twin. Returns their paths; none if the page is damaged or missing. */
  async #page(
    name: ProjectName,
    { page, twin }: { readonly page: WebPath; readonly twin: WebPath },
    sha256: string | undefined,
  ): Promise<WebPath[]> {
    const { state, report, place } = this.#move;
    const body = await this.#read(page);
    if (body === undefined || (sha256 !== undefined && sha256Hex(body) !== sha256)) {
      report.problem(`${page}: is ${body === undefined ? 'missing' : 'damaged'}; the next run makes it anew`);
      state.queue.requeue(name, []);
      return [];
    }
    // Small pages have a twin in a bucket only.
    const compressed = await twinOf(body, await this.#read(twin), place !== undefined);
    if (compressed !== undefined) await this.#put(twin, compressed);
    await this.#put(page, body);
    return compressed === undefined ? [page] : [twin, page];
  }

  /** Discards what an earlier mirror in the new place had in `folder`: it would be served. */
  async #discardOthers(folder: WebPath, there: ReadonlySet<WebPath>): Promise<void> {
    if (!this.mayBeThere) return;
    const { to } = this.#move;
    for await (const path of filesBelow(to, folder, () => false, this)) {
      if (!there.has(path)) await to.discard([path]);
    }
  }

  /** Reads a file that fits into memory. */
  async #read(path: WebPath): Promise<Buffer | undefined> {
    throwIfPaused(this.#move.signal);
    return this.#move.from.read(path);
  }

  async #put(path: WebPath, body: Buffer): Promise<void> {
    const { from, to, report } = this.#move;
    const isNew = !(await this.#isThere(path, sha256Hex(body)));
    if (isNew) {
      const stat = await from.stat(path);
      await to.publish([{ path, body, mtimeMs: stat?.mtimeMs }]);
      report.bytes(body.length);
    }
    report.done(isNew);
  }

  async #isThere(path: WebPath, sha256: string): Promise<boolean> {
    throwIfPaused(this.#move.signal);
    return this.mayBeThere && (await this.#move.to.findVerified(path, true))?.sha256 === sha256;
  }
}

/** Returns the message of an error that concerns only one file, such as a folder in its place. */
async function orUnfit(work: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnfitFileError) return error.message;
    throw error;
  }
}

/** Returns true if anything of a mirror is in `files` already. */
async function hasAny(files: FileStore): Promise<boolean> {
  for (const folder of [packagesRoot, simpleRoot, legacyRoot]) {
    for await (const _ of files.entries(folder)) return true;
  }
  return false;
}

/**
 * Models the contents of a disk after a power cut. Only flushed data is certain: the bytes of a file once the file was
 * flushed, the names in a folder once the folder was. Everything else is decided at random: nothing had reached the
 * disk, or everything, or a part of it, in another order, or the size of a file without its bytes. A rename is done
 * completely or not at all.
 *
 * There are two kinds of disk, chosen at random. A harsh one promises no more than POSIX: each change of a name may be
 * lost by itself. An ordered one, like ext4, keeps a journal: names change in their order, and every flush also
 * flushes all changes of names before it.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DiskStep } from './disk-trace.ts';

type Random = () => number;

interface FileChange {
  readonly at: number;
  /** Undefined if the change cuts the file at `at`. */
  readonly bytes: Buffer | undefined;
}

interface ModelFile {
  readonly kind: 'file';
  content: Buffer;
  durable: Buffer;
  pending: FileChange[];
  /** The position of the next write that names no position. */
  cursor: number;
}

interface ModelFolder {
  readonly kind: 'folder';
  readonly entries: Map<string, Node>;
}

type Node = ModelFile | ModelFolder;

/** Changes of names that happen together. */
interface NameChange {
  readonly sets: readonly { readonly folder: ModelFolder; readonly name: string; readonly node: Node | undefined }[];
  durable: boolean;
}

const sectorBytes = 512;

export class DiskModel {
  readonly #root: ModelFolder;
  readonly #initial: ReadonlyMap<ModelFolder, ReadonlyMap<string, Node>>;
  readonly #files = new Set<ModelFile>();
  readonly #changes: NameChange[] = [];
  /** The number of changes of names that are certain on a disk with a journal. */
  #journaled = 0;

  /** Begins with the contents of the folder at `path`, all of which are durable. */
  constructor(path: string) {
    const initial = new Map<ModelFolder, ReadonlyMap<string, Node>>();
    this.#root = readFolder(path, initial);
    this.#initial = initial;
  }

  /** Does one step. */
  apply(step: DiskStep): void {
    const { kind } = step;
    if (kind === 'flush all') this.#flushAll();
    else if (kind === 'flush') this.#flush(this.#find(step.path));
    else if (kind === 'open') this.#open(step.path, step.append);
    else if (kind === 'write') this.#write(step.path, step.at, step.bytes);
    else if (kind === 'truncate') this.#changeFile(this.#file(step.path), { at: step.size, bytes: undefined });
    else if (kind === 'mkdir') this.#change(step.path, { kind: 'folder', entries: new Map() });
    else if (kind === 'remove') this.#change(step.path, undefined);
    else if (kind === 'link') this.#change(step.to, this.#find(step.path));
    else this.#rename(step.path, step.to);
  }

  /**
   * Writes the contents of the disk after a power cut into the new folder `target`: all of them, or of the root only
   * what is named `only`.
   */
  powerCut(target: string, random: Random, only?: string): void {
    const isHarsh = random() < 0.5;
    const names = isHarsh ? this.#harshNames(random) : this.#orderedNames(random);
    const keep = fileLuck(random);
    const shown = (folder: ModelFolder): ReadonlyMap<string, Node> =>
      only === undefined || folder !== this.#root
        ? names(folder)
        : new Map([...names(folder)].filter(([name]) => name === only));
    writeFolder(target, this.#root, shown, (file) => contentAfter(file, keep(), random));
  }

  /** Writes the contents of the disk without a power cut into the new folder `target`. */
  writeTo(target: string): void {
    writeFolder(
      target,
      this.#root,
      (folder) => folder.entries,
      (file) => file.content,
    );
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      node = node?.kind === 'folder' ? node.entries.get(name) : undefined;
    }
    return node;
  }

  #folderOf(path: string): { folder: ModelFolder; name: string } {
    const parent = dirname(path);
    const folder = this.#find(parent === '.' ? '' : parent);
    if (folder?.kind !== 'folder') throw new Error(`${path}: has no folder`);
    return { folder, name: path.split('/').at(-1) ?? '' };
  }

  #file(path: string): ModelFile {
    const file = this.#find(path);
    if (file?.kind !== 'file') throw new Error(`${path}: is no file`);
    return file;
  }

  #change(path: string, node: Node | undefined): void {
    this.#record([{ ...this.#folderOf(path), node }]);
  }

  #rename(path: string, to: string): void {
    const node = this.#find(path);
    if (node === undefined) throw new Error(`${path}: is not there`);
    this.#record([
      { ...this.#folderOf(path), node: undefined },
      { ...this.#folderOf(to), node },
    ]);
  }

  #record(sets: NameChange['sets']): void {
    for (const { folder, name, node } of sets) {
      if (node === undefined) folder.entries.delete(name);
      else folder.entries.set(name, node);
      if (node?.kind === 'file') this.#files.add(node);
    }
    this.#changes.push({ sets, durable: false });
  }

  #open(path: string, append: boolean): void {
    if (this.#find(path) === undefined) this.#change(path, emptyFile());
    const file = this.#file(path);
    file.cursor = append ? file.content.length : 0;
  }

  #write(path: string, given: number | undefined, bytes: Buffer): void {
    const file = this.#file(path);
    const at = given ?? file.cursor;
    if (given === undefined) file.cursor += bytes.length;
    this.#changeFile(file, { at, bytes });
  }

  #changeFile(file: ModelFile, change: FileChange): void {
    file.content = changed(file.content, change);
    file.pending.push(change);
    this.#files.add(file);
  }

  #flush(node: Node | undefined): void {
    if (node?.kind === 'file') {
      node.durable = node.content;
      node.pending = [];
    }
    for (const change of this.#changes) change.durable ||= change.sets.some(({ folder }) => folder === node);
    this.#journaled = this.#changes.length;
  }

  #flushAll(): void {
    for (const file of this.#files) this.#flush(file);
    for (const change of this.#changes) change.durable = true;
  }

  #harshNames(random: Random): (folder: ModelFolder) => ReadonlyMap<string, Node> {
    const share = random();
    return this.#namesAfter(this.#changes.filter(({ durable }) => durable || random() < share));
  }

  #orderedNames(random: Random): (folder: ModelFolder) => ReadonlyMap<string, Node> {
    const length = this.#journaled + Math.floor(random() * (this.#changes.length - this.#journaled + 1));
    return this.#namesAfter(this.#changes.slice(0, length));
  }

  #namesAfter(changes: readonly NameChange[]): (folder: ModelFolder) => ReadonlyMap<string, Node> {
    const names = new Map<ModelFolder, Map<string, Node>>();
    const namesOf = (folder: ModelFolder): Map<string, Node> => {
      const found = names.get(folder) ?? new Map(this.#initial.get(folder));
      names.set(folder, found);
      return found;
    };
    for (const { folder, name, node } of changes.flatMap(({ sets }) => sets)) {
      if (node === undefined) namesOf(folder).delete(name);
      else namesOf(folder).set(name, node);
    }
    return namesOf;
  }
}

/**
 * Returns a function that decides how much of a file's unflushed data was written: the same for all files, or each by
 * itself.
 */
function fileLuck(random: Random): () => Luck {
  const all = oneLuck(random());
  return random() < 0.6 ? () => all : () => oneLuck(random());
}

type Luck = 'nothing' | 'everything' | 'the first' | 'some' | 'zeros';

function oneLuck(number: number): Luck {
  if (number < 0.3) return 'nothing';
  if (number < 0.5) return 'everything';
  if (number < 0.7) return 'the first';
  return number < 0.85 ? 'some' : 'zeros';
}

function contentAfter({ durable, pending, content }: ModelFile, luck: Luck, random: Random): Buffer {
  if (pending.length === 0 || luck === 'nothing') return durable;
  if (luck === 'everything') return content;
  if (luck === 'zeros') return sizedAs(durable, content.length);
  if (luck === 'some') return pending.filter(() => random() < 0.5).reduce(changed, durable);
  const last = Math.floor(random() * pending.length);
  return pending
    .slice(0, last + 1)
    .reduce((bytes, change, at) => changed(bytes, at === last ? torn(change, random) : change), durable);
}

/** Returns a write of which only the first sectors reached the disk. */
function torn({ at, bytes }: FileChange, random: Random): FileChange {
  const sectors = Math.floor(((bytes?.length ?? 0) / sectorBytes) * random());
  return { at, bytes: bytes?.subarray(0, sectors * sectorBytes) };
}

function changed(before: Buffer, { at, bytes }: FileChange): Buffer {
  if (bytes === undefined) return sizedAs(before, at);
  const after = sizedAs(before, Math.max(before.length, at + bytes.length));
  bytes.copy(after, at);
  return after;
}

function sizedAs(before: Buffer, size: number): Buffer {
  const after = Buffer.alloc(size);
  before.copy(after);
  return after;
}

function emptyFile(content = Buffer.alloc(0)): ModelFile {
  return { kind: 'file', content, durable: content, pending: [], cursor: 0 };
}

function readFolder(path: string, initial: Map<ModelFolder, ReadonlyMap<string, Node>>): ModelFolder {
  const entries = new Map<string, Node>();
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    entries.set(entry.name, entry.isDirectory() ? readFolder(inside, initial) : emptyFile(readFileSync(inside)));
  }
  const folder: ModelFolder = { kind: 'folder', entries };
  initial.set(folder, new Map(entries));
  return folder;
}

function writeFolder(
  path: string,
  folder: ModelFolder,
  names: (folder: ModelFolder) => ReadonlyMap<string, Node>,
  contentOf: (file: ModelFile) => Buffer,
): void {
  mkdirSync(path, { recursive: true });
  for (const [name, node] of names(folder)) {
    if (node.kind === 'folder') writeFolder(join(path, name), node, names, contentOf);
    else writeFileSync(join(path, name), contentOf(node));
  }
}

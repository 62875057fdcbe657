/**
 * The port to the published tree. A path under `web/` is complete and verified, or absent, and never anything between.
 * All methods throw StorageError.
 */
import type { FileSink, ResumePoint } from '../core/file-sink.ts';
import type { WebPath } from '../core/paths.ts';

/** Size and hash of a file. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** Size and hashes of a published file. `md5` is defined only if the caller asked for it. */
export interface FullDigest extends Digest {
  readonly md5: string | undefined;
  /** The ETag of the object that was read; absent where files are no objects. */
  readonly etag?: string | undefined;
}

/** The kind of an entry below `web/`. 'other' is a link, a device, or anything else that a mirror never creates. */
export type EntryKind = 'file' | 'folder' | 'other';

/** An entry of a folder. */
export interface Entry {
  readonly name: string;
  readonly kind: EntryKind;
}

/** The metadata of a path, without its content. Links are not followed. */
export interface Stat {
  readonly kind: EntryKind;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
  /**
   * Whether the bytes are those that were published, as an object store tells by its ETag: 'unknown' if nobody
   * remembers the ETag. Absent on a disk, where only the modification time hints at it.
   */
  readonly content?: 'as-published' | 'other' | 'unknown' | undefined;
}

/** What is known of a file before it arrives. */
export interface ExpectedFile {
  readonly bytes?: number | undefined;
  readonly sha256?: string | undefined;
  /** The modification time that it will be published with, in milliseconds since 1970. */
  readonly mtimeMs?: number | undefined;
}

/** A download in progress. It is never served, hashed while it arrives, and continued by a later run if interrupted. */
export interface StagedFile extends FileSink {
  /** The part that an earlier attempt left. Undefined if the download must begin at zero. */
  readonly resumable: ResumePoint | undefined;
  /** Ends the download, which can then be published. */
  finish(): Promise<Digest>;
  /** Stops the download and keeps the part that can be continued. */
  interrupt(): Promise<void>;
  /** Deletes the downloaded bytes. */
  drop(): Promise<void>;
}

/** The content of a published file, which gets a second name. */
export interface SameFile {
  readonly sameAs: WebPath;
}

/** A file to publish under `web/`. */
export interface Write {
  readonly path: WebPath;
  readonly body: Buffer | StagedFile | SameFile;
  /** The modification time to set, in milliseconds since 1970. */
  readonly mtimeMs?: number | undefined;
}

/**
 * Size and free space of the file system that holds the tree, or what of it is on this machine, in bytes, and its
 * inodes, if they are limited.
 */
export interface Room {
  readonly size: number;
  readonly free: number;
  readonly inodes?: { readonly all: number; readonly free: number } | undefined;
}

export interface FileStore {
  /**
   * Returns true if every look at `path` is a request that costs time and money, and nobody but this mirror writes
   * there: what the state says of a file is believed then, and the file is not looked at.
   */
  isRemote(path: WebPath): boolean;
  /** Returns the room on the disk of this machine, even if files lie elsewhere. */
  room(): Promise<Room>;
  /** Returns the size of a published file in bytes, or undefined if there is none. */
  size(path: WebPath): Promise<number | undefined>;
  stat(path: WebPath): Promise<Stat | undefined>;
  read(path: WebPath): Promise<Buffer | undefined>;
  /**
   * Returns the bytes from `start` up to, but without, `end`. Fewer if the file ends before; undefined if there is no
   * file.
   */
  slice(path: WebPath, start: number, end: number): Promise<Buffer | undefined>;
  /**
   * Reads and hashes the file at `path`; returns undefined if there is none. `eachPiece` gets the bytes as they are
   * read and may throw to end the reading. Each buffer is reused when `eachPiece` returns.
   */
  digest(path: WebPath, also?: 'md5', eachPiece?: (piece: Buffer) => void): Promise<FullDigest | undefined>;
  /**
   * Returns size and hash of a file that the state does not hold, if it is in place: a run that was killed, or another
   * machine, may have put it there. `isPending` tells that the state expects it. What the store itself has verified is
   * not read again.
   */
  findVerified(path: WebPath, isPending: boolean): Promise<Digest | undefined>;
  /** Yields the entries of a folder in no order, as they are read. Yields nothing if there is no such folder. */
  entries(folder: WebPath): AsyncIterable<Entry>;
  /**
   * Opens the download with the name `key`, which consists of letters and digits only. It will be published at `path`.
   * `expected` is what is known of it before.
   */
  stage(key: string, path: WebPath, expected?: ExpectedFile): Promise<StagedFile>;
  /**
   * Publishes files one after the other, each complete at once. They are durable when the promise resolves: first the
   * bytes are flushed, then their names. Calls that wait at the same time share the flushes.
   */
  publish(writes: readonly Write[]): Promise<void>;
  /** Moves files into the trash, one after the other. Missing ones are skipped. Durable. */
  discard(paths: readonly WebPath[]): Promise<void>;
  /** Moves folders with all that is in them into the trash, or the files in their places, as {@link discard} does. */
  discardFolders(folders: readonly WebPath[]): Promise<void>;
  /** Reads the file that was last moved into the trash from `path`. Returns undefined if the trash has none. */
  readTrash(path: WebPath): Promise<Buffer | undefined>;
  /**
   * Restores the files that were last moved into the trash from each of the paths, one after the other, and returns the
   * paths that were restored. Nothing that exists is replaced. Durable.
   */
  restore(paths: readonly WebPath[]): Promise<WebPath[]>;
  /** Deletes for good everything that was moved into the trash on days that ended before `before` (milliseconds). */
  emptyTrash(before: number): Promise<void>;
  /** Removes what killed runs left in staging. With `all` also removes downloads that could be continued. */
  tidy(all: boolean): Promise<void>;
  /** Returns the names of the files that {@link tidy} would remove, or their addresses in an object store. */
  leftovers(all: boolean): Promise<string[]>;
}

/**
 * The port to the published tree. A path under `web/` is complete and verified, or absent; there is nothing between.
 * All methods throw StorageError.
 */
import type { FileSink, ResumePoint } from '../core/file-sink.ts';
import type { WebPath } from '../core/paths.ts';

/** What a staged download turned out to be. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** A published file's digest, with the hash of old times where it was asked for. */
export interface FullDigest extends Digest {
  readonly md5: string | undefined;
}

/** What lies somewhere below `web/`; 'other' is a link, a device, or whatever else a mirror never creates. */
export type EntryKind = 'file' | 'folder' | 'other';

/** One name in a folder. */
export interface Entry {
  readonly name: string;
  readonly kind: EntryKind;
}

/** What is known of a path without reading it. Links are not followed. */
export interface Stat {
  readonly kind: EntryKind;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
}

/** A download in progress: never served, hashed while it arrives, continued by a later run when it is interrupted. */
export interface StagedFile extends FileSink {
  /** What an earlier attempt left; undefined when the download must begin at zero. */
  readonly resumable: ResumePoint | undefined;
  /** Ends the download; it can be published after. */
  finish(): Promise<Digest>;
  /** Gives up for now; keeps what can be continued. */
  interrupt(): Promise<void>;
  /** Throws the bytes away. */
  drop(): Promise<void>;
}

/** The bytes of a published file, which then is known by two names. */
export interface SameFile {
  readonly sameAs: WebPath;
}

/** One file to appear under `web/`. */
export interface Write {
  readonly path: WebPath;
  readonly body: Buffer | StagedFile | SameFile;
  /** Milliseconds since 1970: the modification time it gets. */
  readonly mtimeMs?: number | undefined;
}

/** How full the file system of the tree is, in bytes. */
export interface Room {
  readonly size: number;
  readonly free: number;
}

export interface FileStore {
  room(): Promise<Room>;
  /** Bytes of a published file; undefined when there is none. */
  size(path: WebPath): Promise<number | undefined>;
  stat(path: WebPath): Promise<Stat | undefined>;
  read(path: WebPath): Promise<Buffer | undefined>;
  /** The bytes from `start` up to, but without, `end`; fewer where the file ends before, undefined where there is none. */
  slice(path: WebPath, start: number, end: number): Promise<Buffer | undefined>;
  /**
   * Reads the file at `path` to its end; undefined when there is none. `eachPiece` sees the bytes as they come, and may
   * throw to end the reading; they are gone when it returns.
   */
  digest(path: WebPath, also?: 'md5', eachPiece?: (piece: Buffer) => void): Promise<FullDigest | undefined>;
  /** The names in a folder, in no order, as they are found; nothing when there is no such folder. */
  entries(folder: WebPath): AsyncIterable<Entry>;
  /** The download known by `key`, a name that only letters and digits make up. */
  stage(key: string): Promise<StagedFile>;
  /**
   * Makes files appear, each complete at once, one after the other. Durable when it resolves: the bytes before their
   * names, the names before this returns. Calls that wait at the same time share the flushes.
   */
  publish(writes: readonly Write[]): Promise<void>;
  /** Moves files or folders into the trash, one after the other; those that are not there are passed over. Durable. */
  discard(paths: readonly WebPath[]): Promise<void>;
  /** Reads what was last moved into the trash from `path`; undefined when the trash has nothing of it. */
  readTrash(path: WebPath): Promise<Buffer | undefined>;
  /**
   * Brings back what was last moved into the trash from each of the paths, one after the other, and returns those that
   * came back. Nothing that is there is replaced. Durable.
   */
  restore(paths: readonly WebPath[]): Promise<WebPath[]>;
  /** Deletes for good what was moved into the trash on days that ended before `before` (milliseconds). */
  emptyTrash(before: number): Promise<void>;
  /** Removes what killed runs left in staging; with `all` also the downloads that could be continued. */
  tidy(all: boolean): Promise<void>;
  /** The names of what {@link tidy} would remove. */
  leftovers(all: boolean): Promise<string[]>;
}

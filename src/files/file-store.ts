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

/** One file to appear under `web/`. */
export interface Write {
  readonly path: WebPath;
  readonly body: Buffer | StagedFile;
  /** Milliseconds since 1970: the modification time it gets. */
  readonly mtimeMs?: number | undefined;
}

export interface FileStore {
  /** Bytes of a published file; undefined when there is none. */
  size(path: WebPath): Promise<number | undefined>;
  read(path: WebPath): Promise<Buffer | undefined>;
  digest(path: WebPath): Promise<Digest | undefined>;
  /** The download known by `key`, a name that only letters and digits make up. */
  stage(key: string): Promise<StagedFile>;
  /**
   * Makes files appear, each complete at once, one after the other. Durable when it resolves: the bytes before their
   * names, the names before this returns. Calls that wait at the same time share the flushes.
   */
  publish(writes: readonly Write[]): Promise<void>;
  /** Moves files or folders into the trash, one after the other; those that are not there are passed over. Durable. */
  discard(paths: readonly WebPath[]): Promise<void>;
  /** Removes what killed runs left in staging; with `all` also the downloads that could be continued. */
  tidy(all: boolean): Promise<void>;
}

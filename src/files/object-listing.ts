/**
 * The port to a listing of the objects of a mirror, which is made once and asked often. It is on the disk, as there may
 * be millions, and survives the program, so that an interrupted check need not list again. All methods throw
 * StorageError.
 */
import type { Entry } from './file-store.ts';

/** An object below `web/` as the store listed it. */
export interface ListedFile {
  /** The key below `web/`. It may be anything: others can put objects there. */
  readonly path: string;
  readonly bytes: number;
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** How far a listing has come. */
export interface ListingProgress {
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  /** The path after which it goes on; undefined at its beginning. */
  readonly after: string | undefined;
  readonly isComplete: boolean;
}

export interface ObjectListing {
  /** Returns the progress of the listing of `where`; undefined if there is none. */
  progress(where: string): ListingProgress | undefined;
  /** Forgets all files, and begins a listing of `where`. */
  begin(where: string, startedMs: number): void;
  /** Adds a page of files, which follow all before in the order of bytes. */
  add(files: readonly ListedFile[]): void;
  complete(): void;
  find(path: string): ListedFile | undefined;
  /** Yields the entries of a folder: files, and folders that have files. An empty name stands for `web/`. */
  entries(folder: string): Iterable<Entry>;
  /** Closes the listing and keeps it for the next check. */
  close(): void;
  /** Closes the listing and deletes it. */
  remove(): void;
}

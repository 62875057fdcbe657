/** The port to what a check has to know of an object store besides the files. All methods throw StorageError. */
import type { WebPath } from '../core/paths.ts';
import type { FileStore } from './file-store.ts';

/**
 * What lies in the store below the prefix of the mirror and belongs to nothing. 'upload': a multipart upload that was
 * begun long ago. 'trash': a day of the trash that the mirror does not know, so that it would stay for ever.
 */
export interface Stray {
  readonly kind: 'object' | 'folder' | 'trash' | 'upload';
  /** The key, relative to the prefix; that of a folder and of a day has a slash at its end. */
  readonly key: string;
  /** The id of an upload. */
  readonly uploadId?: string | undefined;
}

/** How a file of the mirror as a whole lies in the store, compared with the one on the disk. */
export type CopyProblem = 'missing' | 'other';

export interface ObjectCheck {
  /** The files as they are now. What the check looks at comes from a listing, and may be older. */
  readonly live: FileStore;
  /** How many files are read at the same time. */
  readonly readers: number;
  /**
   * Lists all objects of the mirror, or continues an interrupted listing. `tell` hears how many more were listed.
   * `signal` stops it. Throws PausedError.
   */
  list(signal: AbortSignal, tell: (objects: number) => void): Promise<void>;
  /** Throws StorageError if the store answers nothing. */
  expectReachable(): Promise<void>;
  /** Remembers that the object at `path` has the right bytes, and this ETag. */
  confirm(path: WebPath, etag: string): void;
  /** Remembers that these objects are damaged: no run believes any more what is stored with them. */
  distrust(paths: readonly WebPath[]): void;
  /** The next run puts the object of this file on the disk again. */
  putAgain(path: WebPath): void;
  /** Yields what lies in the store and belongs to nothing. */
  strays(): AsyncIterable<Stray>;
  /** Returns true if it still belongs to nothing. A run may have been at work since it was found. */
  isStray(stray: Stray): Promise<boolean>;
  /** Moves strays into the trash; aborts uploads; days of the trash will be emptied in their time. */
  discard(stray: Stray): Promise<void>;
  /** Returns true if the file is to be both on the disk and in the store. */
  isCopied(path: WebPath): boolean;
  /** Compares the object with the file on the disk. Undefined if both are the same, or there is no such file. */
  compareCopy(path: WebPath): Promise<CopyProblem | undefined>;
  /** Returns the address of what lies in the store, for messages; undefined if `path` lies on the disk. */
  addressOf(path: WebPath): string | undefined;
  /** Returns the address of a key. */
  addressOfKey(key: string): string;
  /** The check came to its end: the listing is deleted. */
  end(): void;
  /** Keeps the listing for the check that continues this one. */
  close(): void;
}

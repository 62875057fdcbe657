/** This machine as the one that publishes a mirror into a bucket, for a while. */
import type { StoreUsage } from '../../core/store-usage.ts';
import type { StateStore } from '../../state/state-store.ts';

export interface MirrorOwner {
  readonly kind: 'owner';
  /** Lines about what was taken over from another machine. */
  readonly news: readonly string[];
  /** Throws StorageError if another machine may publish by now, so that nothing may be written any more. */
  mayWrite(): void;
  /**
   * Copies the state into the bucket if that is due: something was published since the last copy. A large state is
   * copied every few minutes at most. Throws StorageError.
   */
  copyState(state: StateStore, isPublished: boolean): Promise<void>;
  /** What was asked of the store for the lease and the copies. */
  usage(): StoreUsage | undefined;
  close(): Promise<void>;
}

/** Another machine publishes the mirror. */
export interface MirrorStandby {
  readonly kind: 'standby';
  /** One line: which machine does, and when this one takes over. */
  readonly reason: string;
  /** That machine, and when the store heard of it in milliseconds since 1970. Undefined if it is not known. */
  readonly publisher?: { readonly name: string; readonly heardMs: number };
}

/** What a machine needs of its databases. */
export interface Databases {
  /** Copies the pages of a database that is in use to a file that is missing or empty. */
  copyPages(path: string, to: string): Promise<void>;
  /** Throws StorageError if the database, which has so many bytes, is damaged. */
  check(path: string, bytes: number): void;
  /** Opens a state. */
  open(path: string): StateStore & { close(): void };
  /** Takes a lock; undefined if another process has it. */
  takeLock(path: string): (() => void) | undefined;
}

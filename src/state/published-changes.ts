/**
 * The part of the state that remembers what has changed on this mirror, for mirrors that mirror from it: each change of a
 * project has a number that rises by one. Written when projects are finished. All methods throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';

/** A change of what is published of a project. */
export interface PublishedChange {
  readonly number: number;
  readonly project: ProjectName;
  readonly displayName: string;
  /** Upstream's, of the page that is published, or was the last one. */
  readonly serial: number | undefined;
  /** Milliseconds. */
  readonly at: number;
  /** Why the project went; undefined where it was published. */
  readonly removed: string | undefined;
  /** The names of files that went, or were not published, because upstream has put them in quarantine. */
  readonly quarantined: readonly string[];
}

/** So many changes are remembered at least; older ones are forgotten. */
export const changesKept = 401 * 256;

export interface PublishedChanges {
  /** Stands for all numbers: under another one they mean something else. */
  id(): string;
  /** The number of the latest change; 0 when there was none. */
  last(): number;
  /** The changes after `number`, in the order of numbers. */
  after(number: number, limit: number): PublishedChange[];
  /** Forgets all changes, and begins anew under another id: the old numbers were told for other changes. */
  renew(): void;
}

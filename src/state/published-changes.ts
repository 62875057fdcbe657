/**
 * The part of the state that remembers the changes on this mirror, for mirrors that mirror from it. Each change of a
 * project has a number that rises by one. Changes are written when projects are finished. All methods throw
 * StorageError.
 */
import type { ProjectName } from '../core/names.ts';

/** A change of a project's published page. */
export interface PublishedChange {
  readonly number: number;
  readonly project: ProjectName;
  readonly displayName: string;
  /** Upstream's serial of the page that is published, or was published last. */
  readonly serial: number | undefined;
  /** Time in milliseconds. */
  readonly at: number;
  /** The reason why the project was removed; undefined if it was published. */
  readonly removed: string | undefined;
  /** The names of files that were removed, or not published, because upstream put them in quarantine. */
  readonly quarantined: readonly string[];
}

/** The number of latest changes that are remembered; older ones are forgotten. */
export const changesKept = 401 * 256;

export interface PublishedChanges {
  /** Returns the id of the numbering; under another id the numbers belong to other changes. */
  id(): string;
  /** Returns the number of the latest change; 0 if there was none. */
  last(): number;
  /** Returns the next changes after `number`, in the order of numbers. */
  after(number: number, limit: number): PublishedChange[];
  /** Forgets all changes and makes a new id, because the old numbers may have been published for other changes. */
  renew(): void;
}

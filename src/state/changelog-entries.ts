/**
 * The part of the state that remembers the entries of upstream's changelog for queued projects. Removals are remembered
 * for longer, because a cache may go on serving a page that is older than the removal. Every method is one transaction;
 * all throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';

/** One row of the changelog. */
export interface ChangelogEntry {
  readonly serial: number;
  /** Undefined if the row is about the project as a whole. */
  readonly version: string | undefined;
  /** The action in upstream's words, or {@link notListed}. */
  readonly action: string | undefined;
  /** Time in milliseconds. */
  readonly at: number;
}

/** The action of an entry made because upstream's list of projects, asked for on account of the project, lacks it. */
export const notListed = 'not listed';

/** The changelog entries of projects; they are written when projects are queued. */
export interface ChangelogEntries {
  /** Returns the entries of a project since it was last finished, and its earlier removals, the oldest first. */
  of(name: ProjectName): ChangelogEntry[];
  /**
   * Returns the due projects with something in the tree whose absence only upstream's list of projects can confirm.
   * Either upstream has had no page since `absentBefore` and no removal was reported. Or a removal was reported, and
   * since `removedBefore` upstream's page has been older than the removal or could not be taken. Both are milliseconds.
   */
  unconfirmedAbsences(absentBefore: number, removedBefore: number): ProjectName[];
  /** Marks queued projects as removed and due, because the list with the serial `listSerial` lacks them. */
  markUnlisted(names: readonly ProjectName[], listSerial: number | undefined): void;
  /** Forgets the removal of projects that the list names, and makes them due. */
  markListed(names: readonly ProjectName[]): void;
  /** Forgets entries above `serial`, for an upstream that was restored from a backup or replaced by another one. */
  forgetAbove(serial: number): void;
  /** Forgets entries from before `time` (milliseconds) of projects that are not queued. */
  forgetBefore(time: number): void;
}

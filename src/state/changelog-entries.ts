/**
 * The part of the state that remembers what upstream's changelog says of queued projects, and of removals for longer: a
 * cache may go on serving a page that is older than its removal. Every method is one transaction; all throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';

/** One row of the changelog. */
export interface ChangelogEntry {
  readonly serial: number;
  /** Undefined where the row is about the project as a whole. */
  readonly version: string | undefined;
  /** In upstream's words, or {@link notListed}. */
  readonly action: string | undefined;
  /** Milliseconds. */
  readonly at: number;
}

/** Stands for a list of projects that was asked for because of the project, and lacks it. */
export const notListed = 'not listed';

/** Written when projects are queued. */
export interface ChangelogEntries {
  /** What was said of a project since it was last finished, and its removals before, the oldest first. */
  of(name: ProjectName): ChangelogEntry[];
  /**
   * Returns the projects that are here, whose time to be tried has come, and of which nobody knows whether the list still
   * names them: upstream has had no page since `absentBefore`; or they were removed, and since `removedBefore` upstream has
   * had no page, or one from before the removal. Both are milliseconds.
   */
  unconfirmedAbsences(absentBefore: number, removedBefore: number): ProjectName[];
  /** The list with the serial `listSerial` lacks the projects: they are queued as removed. */
  markUnlisted(names: readonly ProjectName[], listSerial: number | undefined): void;
  /** The list has the projects, and so have their pages: that they were removed is forgotten. */
  listed(names: readonly ProjectName[]): void;
  /** Forgets what is above `serial`: upstream was restored from a backup, or is another one. */
  forgetAbove(serial: number): void;
  /** Forgets what was said before `time` (milliseconds) of projects that are not queued. */
  forgetBefore(time: number): void;
}

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
   * Projects that are here, and of which upstream has had no page since `before` (milliseconds), or, although they were
   * removed, only one from before that or none that can be had, while nobody knows whether the list still names them. Those
   * whose time to be tried has come.
   */
  unconfirmedAbsences(before: number): ProjectName[];
  /** The list with the serial `listSerial` lacks the projects: they are queued as removed. */
  markUnlisted(names: readonly ProjectName[], listSerial: number | undefined): void;
  /** The list has the projects, and so have their pages: that they were removed is forgotten. */
  listed(names: readonly ProjectName[]): void;
  /** Forgets what is above `serial`: upstream was restored from a backup, or is another one. */
  forgetAbove(serial: number): void;
  /** Forgets what was said before `time` (milliseconds) of projects that are not queued. */
  forgetBefore(time: number): void;
}

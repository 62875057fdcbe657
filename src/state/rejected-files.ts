/** The part of the state that remembers the rejected files of upstream's pages. All methods throw StorageError. */
import type { ProjectName } from '../core/names.ts';

/** A file that upstream's page lists and that alone is not taken, because its entry or its bytes are wrong. */
export interface RejectedFile {
  /** The filename, safe to print. */
  readonly filename: string;
  /** The problem with the file, for people. */
  readonly problem: string;
  /** A digest of the page's entry; an entry with another digest counts as another file. */
  readonly entryDigest: string;
  /** Time in milliseconds at which the file was first rejected. */
  readonly since: number;
  /** Number of tries in vain. */
  readonly attempts: number;
  /** Time in milliseconds of the next try; undefined if only another page can help. */
  readonly nextTry: number | undefined;
}

/** A rejected file with its project. */
export interface RejectedFileOf extends RejectedFile {
  readonly project: ProjectName;
}

/** The rejected files of projects; they are written when projects are finished. */
export interface RejectedFiles {
  of(name: ProjectName): RejectedFile[];
  /** Returns the rejected files of all projects, the latest first. */
  latest(limit: number): RejectedFileOf[];
  /** Returns the number of rejected files of all projects. */
  count(): number;
  /** Queues the published projects with a rejected file that is due at `now` (milliseconds). */
  enqueueDue(now: number): void;
}

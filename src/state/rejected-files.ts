/** The part of the state that remembers which files of upstream's pages are not taken. All methods throw StorageError. */
import type { ProjectName } from '../core/names.ts';

/** A file that upstream's page lists, and that alone is left out of it for what is wrong with it. */
export interface RejectedFile {
  /** As it can be printed. */
  readonly filename: string;
  /** What is wrong with it, for people. */
  readonly problem: string;
  /** Stands for what the page says of it: where that is something else, it is another file. */
  readonly entryDigest: string;
  /** Milliseconds. */
  readonly since: number;
  /** How often it was tried in vain. */
  readonly attempts: number;
  /** Milliseconds: not tried again before; undefined where only another page can help. */
  readonly nextTry: number | undefined;
}

/** An odd file of a project. */
export interface RejectedFileOf extends RejectedFile {
  readonly project: ProjectName;
}

/** Written when projects are finished. */
export interface RejectedFiles {
  of(name: ProjectName): RejectedFile[];
  /** Those of all projects, the latest first. */
  latest(limit: number): RejectedFileOf[];
  /** How many there are. */
  count(): number;
  /** Queues the published projects that have one whose time has come at `now` (milliseconds). */
  enqueueDue(now: number): void;
}

/** The part of the state that remembers what was removed. Every method is one transaction; all throw StorageError. */
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';

/** What upstream did that took something from the mirror. */
export type UpstreamRemoval = 'removed upstream' | 'quarantined upstream' | 'not required any more';

/** Something that was removed, and why. */
export interface Removal {
  readonly project: ProjectName;
  /** The file; undefined when it was the whole project. */
  readonly path: WebPath | undefined;
  readonly sha256: string | undefined;
  /** Milliseconds. */
  readonly at: number;
  /** An {@link UpstreamRemoval}, or the rule that leaves the project out. */
  readonly why: string;
}

/** A file that upstream took away, and the bytes that it had. */
export interface LostFile {
  readonly path: WebPath;
  readonly sha256: string;
}

/** What upstream has taken away. */
export interface RemovalCounts {
  /** The projects that it removed. */
  readonly removals: readonly ProjectName[];
  /** The part that went of each other project: of its files, or 1 where nothing requires it any more. */
  readonly shares: ReadonlyMap<ProjectName, number>;
}

/** Written when projects are finished. */
export interface RemovalLog {
  /** What was removed last, the latest first. */
  latest(limit: number): Removal[];
  /** Grows with each removal; 0 when there was none. */
  last(): number;
  /** How much upstream has taken away from `time` (milliseconds) until now; what is in quarantine does not count. */
  since(time: number): RemovalCounts;
  /** How many held projects of each index are queued because it says that they are gone, and not in quarantine. */
  queued(): ReadonlyMap<string | undefined, number>;
  /** How many queued projects of each index the brake holds: those that it removed, and others. */
  heldBack(): ReadonlyMap<string | undefined, { readonly removals: number; readonly others: number }>;
  /** The files of a project that upstream took away, the latest last. */
  lostFilesOf(name: ProjectName): LostFile[];
  /** Forgets removals before `time` (milliseconds), but for those whose files are kept. */
  forget(time: number): void;
  /** The projects of which files are kept and nothing else, by name after `after`. */
  keptProjects(after: ProjectName | undefined, limit: number): ProjectName[];
  /** Remembers removals of earlier times, the latest first; none is after now, and none twice. */
  importRemovals(removals: readonly Removal[]): void;
  /** Holds a kept file no more; what is remembered of its removal stays. */
  forgetKeptFile(path: WebPath): void;
  /** Queues the projects of which files are kept that upstream removed. */
  enqueueKept(): void;
  /**
   * Forgets the removal of a published project and of what it holds again, and keeps it although upstream does not have it,
   * until it has again.
   */
  markRestored(name: ProjectName): void;
}

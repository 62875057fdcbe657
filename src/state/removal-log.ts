/** The part of the state that remembers removals. Every method is one transaction; all throw StorageError. */
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';

/** The words for changes upstream that remove something from the mirror. They are stored, and stand in removed.json. */
export const upstreamRemovals = {
  removed: 'removed upstream',
  quarantined: 'quarantined upstream',
  notRequired: 'not required any more',
} as const;

/** A change upstream that removes something from the mirror. */
export type UpstreamRemoval = (typeof upstreamRemovals)[keyof typeof upstreamRemovals];

/** The kind of a removal: a change upstream, or `leftOut` by a rule or for another reason. */
export type RemovalKind = keyof typeof upstreamRemovals | 'leftOut';

const kinds = new Map<string, RemovalKind>(
  Object.entries(upstreamRemovals).map(([kind, why]) => [why, kind as keyof typeof upstreamRemovals]),
);

/** Returns the kind of a removal with the reason `why`. */
export function removalKind(why: string): RemovalKind {
  return kinds.get(why) ?? 'leftOut';
}

/** The removal of a file or a project, with its reason. */
export interface Removal {
  readonly project: ProjectName;
  /** The path of the file; undefined if the whole project was removed. */
  readonly path: WebPath | undefined;
  readonly sha256: string | undefined;
  /** Time in milliseconds. */
  readonly at: number;
  /** An {@link UpstreamRemoval}, or the rule that leaves the project out. */
  readonly why: string;
}

/** A file that upstream removed, with the hash of its bytes. */
export interface LostFile {
  readonly path: WebPath;
  readonly sha256: string;
}

/** The extent of upstream's removals. */
export interface RemovalCounts {
  /** The projects that upstream removed. */
  readonly removals: readonly ProjectName[];
  /** The removed share (0 to 1) of each other project's files; 1 if nothing requires the project any more. */
  readonly shares: ReadonlyMap<ProjectName, number>;
}

/** The removal log; it is written when projects are finished. */
export interface RemovalLog {
  /** Returns the last removals, the latest first. */
  latest(limit: number): Removal[];
  /** Returns the number of the last removal, which grows with each one; 0 if there was none. */
  last(): number;
  /** Returns the extent of upstream's removals from `time` (milliseconds) until now; quarantine does not count. */
  since(time: number): RemovalCounts;
  /** Returns, by source, the number of held projects queued as removed, without those in quarantine. */
  queued(): ReadonlyMap<string | undefined, number>;
  /** Returns, by source, the number of projects that the deletion limit holds back: those removed there, and others. */
  heldBack(): ReadonlyMap<string | undefined, { readonly removals: number; readonly others: number }>;
  /** Returns the files of a project that upstream removed or put in quarantine, the latest last. */
  lostFilesOf(name: ProjectName): LostFile[];
  /** Forgets removals before `time` (milliseconds), except those whose files are kept. */
  forget(time: number): void;
  /** Returns the next unpublished projects after `after`, by name, of which removed files are kept. */
  keptProjects(after: ProjectName | undefined, limit: number): ProjectName[];
  /** Adds earlier removals, given the latest first. Times after now become now; known removals are not added again. */
  importRemovals(removals: readonly Removal[]): void;
  /** Makes a kept file no longer held; the record of its removal stays. */
  forgetKeptFile(path: WebPath): void;
  /** Queues the projects of which removed files are kept, without their ETags. */
  enqueueKept(): void;
  /**
   * Forgets the removal of a restored, published project and of its held files. The project is kept although upstream
   * does not have it, until upstream has it again.
   */
  markRestored(name: ProjectName): void;
}

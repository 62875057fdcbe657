/**
 * The port to the queue of projects that are to be synced. Every method is one transaction; all throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { ChangelogEntry } from './changelog-entries.ts';
import type { Change } from './state-section.ts';

/** A project to be queued. */
export interface QueueRequest {
  readonly name: ProjectName;
  readonly displayName: string;
  /** The serial that upstream's page must have at least; 0 if upstream has none. */
  readonly serial: number;
  /** True if upstream reported the removal of the project, so that a 404 is believed at once. */
  readonly isRemovedUpstream: boolean;
  /** The changelog entries of the project. */
  readonly rows?: readonly ChangelogEntry[];
  /** True if upstream reports that it has the project again; earlier entries of its removal are then forgotten. */
  readonly isBack?: boolean;
}

/** Returns a request for a project that is known by name only, without news from upstream. */
export function requestByName(name: ProjectName, displayName: string | undefined): QueueRequest {
  return { name, displayName: displayName ?? name, serial: 0, isRemovedUpstream: false };
}

/**
 * The reason why a try was in vain:
 * - `absent`: upstream does not have the project.
 * - `stale`: upstream's page is older than its serial promises.
 * - `no-room`: there is no room for the project.
 * - `removal-held-back`: upstream removed the project, and the deletion limit holds that back.
 * - `held-back`: the project loses files or is not required any more, and the deletion limit holds that back.
 * - `unproven`: the page is not proven to be the one that upstream has signed.
 * - `failed`: something else failed.
 */
export type Obstacle = (typeof obstacles)[number];

export const obstacles = [
  'absent',
  'stale',
  'no-room',
  'removal-held-back',
  'held-back',
  'unproven',
  'failed',
] as const;

/** Returns true if the deletion limit holds a project back. */
export function isHeldBack(obstacle: Obstacle | undefined): boolean {
  return obstacle === 'held-back' || obstacle === 'removal-held-back';
}

/** A queued project. */
export interface QueuedProject extends QueueRequest {
  /** The obstacle of the last try; undefined if nothing was tried since upstream's last news of the project. */
  readonly obstacle: Obstacle | undefined;
  /** Time in milliseconds since which the project waits, or has the same {@link obstacle}. */
  readonly since: number;
  /** Number of tries in vain. */
  readonly attempts: number;
  /** True if only the rules changed, so that the cached page suffices. */
  readonly replan?: boolean;
  /** Number of runs that crashed while the project was in progress. */
  readonly deaths?: number;
}

/** A project that could not be finished and waits for its next try. */
export interface Parked {
  readonly due: QueuedProject;
  readonly obstacle: Obstacle;
  /** The reason in one line, for people. */
  readonly reason: string;
  /** Time in milliseconds of the next try. */
  readonly nextTry: number;
}

/** A parked project as the queue returns it. */
export interface KeptParked extends Omit<Parked, 'nextTry'> {
  /** Time in milliseconds of the next try; undefined if something has made the project due. */
  readonly nextTry: number | undefined;
}

/** A project in the queue, with the reason why it is still there. */
export interface QueueEntry extends QueuedProject {
  /** The reason why the last try failed, for people; undefined if nothing was tried. */
  readonly reason: string | undefined;
  /** Time in milliseconds of the next try; undefined if nothing was tried, or something has made the project due. */
  readonly nextTry: number | undefined;
}

/** A comparison of a whole list of projects with the state; it takes effect only when it is committed. */
export interface ListComparison {
  add(projects: readonly QueueRequest[]): void;
  /**
   * Queues listed projects that are not held or held at a lower serial, and, as removed, held projects that are not
   * listed. A project held at a higher serial than the list's own is not taken for removed. With `lowers`, serials that
   * are higher than those of the list are lowered or forgotten. The list is that of the upstream, or of the other index
   * `source`; only projects from there can be found missing. Returns the number of projects queued.
   */
  commit(listSerial: number | undefined, change: Change, lowers?: boolean, source?: string): number;
  abandon(): void;
}

/** The queued projects with the same obstacle. */
export interface QueueGroup {
  /** Undefined for projects that were not tried yet. */
  readonly obstacle: Obstacle | undefined;
  readonly projects: number;
  /** Time in milliseconds since which the first of them waits. */
  readonly since: number;
  /** The lowest serial that upstream announced for them; undefined if it announced none. */
  readonly serial: number | undefined;
}

/** The queue. Projects leave it when they are finished, by `StateStore.finish`. */
export interface Queue {
  /** Queues projects and remembers `change` with them. A project already queued keeps the higher serial. */
  enqueue(requests: readonly QueueRequest[], change?: Change): void;
  compareList(): ListComparison;
  /**
   * Queues every published project without its ETag, so that its pages are made anew;
   * `forgetSerials` when they come from another index, whose serials count differently.
   */
  enqueueAllHeld(forgetSerials: boolean, change?: Change): void;
  /** Queues up to `limit` held projects that were not synced since `before` (milliseconds). Returns how many. */
  enqueueUnseen(before: number, limit: number): number;
  /**
   * Queues a project without its ETag, and forgets its damaged files, so that the next run fetches them again.
   */
  requeue(name: ProjectName, damaged: readonly WebPath[]): void;
  /** Makes parked projects due, because their obstacle may be gone: all of them, or those with this obstacle. */
  makeDue(obstacle?: Obstacle): void;
  /** Returns the queue's entry of a project, if it is queued. */
  entryOf(name: ProjectName): QueueEntry | undefined;
  /** Returns the next due projects after `after`, by name; with `removed`, only those that upstream removed. */
  due(now: number, removed: boolean, after: ProjectName | undefined, limit: number): QueuedProject[];
  /** Returns the next due projects after `after`, by name, that have changelog entries. */
  dueAnnounced(now: number, after: ProjectName | undefined, limit: number): QueuedProject[];
  /** Returns the groups of queued projects by obstacle. */
  groups(): QueueGroup[];
  park(parked: Parked): void;
  /**
   * Returns the parked projects with their reasons, the longest waiting first: all of them, or only those whose
   * deletions are, or are not, held back.
   */
  parked(limit: number, heldBack?: boolean): KeptParked[];
  /** Returns the numbers of parked projects by obstacle. */
  parkedByObstacle(): ReadonlyMap<Obstacle, number>;
}

/**
 * Returns how many serials the first change that waits for its first try is behind `serial`, that of upstream;
 * undefined if that is not known.
 */
export function serialsBehind(serial: number | undefined, groups: readonly QueueGroup[]): number | undefined {
  const untried = groups.find(({ obstacle }) => obstacle === undefined);
  if (serial === undefined) return undefined;
  return untried?.serial === undefined ? 0 : Math.max(0, serial - untried.serial + 1);
}

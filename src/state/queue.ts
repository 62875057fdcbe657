/**
 * The port to the queue: the projects that are to be looked at. Every method is one transaction; all throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { ChangelogEntry } from './changelog-entries.ts';
import type { Change } from './state-section.ts';

/** A project to be looked at. */
export interface QueueRequest {
  readonly name: ProjectName;
  readonly displayName: string;
  /** The page must have at least this serial. 0 where upstream does not tell. */
  readonly serial: number;
  /** Upstream said that the project is gone, so a 404 is believed at once. */
  readonly removed: boolean;
  /** What the changelog says of it. */
  readonly rows?: readonly ChangelogEntry[];
  /** True when upstream says that it has the project again: what was said of its removal before does not count any more. */
  readonly isBack?: boolean;
}

/** A project that is asked for because it is known by name, not because upstream said something about it. */
export function requestByName(name: ProjectName, displayName: string | undefined): QueueRequest {
  return { name, displayName: displayName ?? name, serial: 0, removed: false };
}

/**
 * Why a try was in vain: upstream does not have the project, has an older page than it promised, there is no room for it,
 * the brake on deletions holds back that upstream removed it, or that it loses files or is required no more, its page is not
 * proven to be the one that upstream has signed, or something failed.
 */
export type Obstacle = 'absent' | 'stale' | 'no-room' | 'removal-held-back' | 'held-back' | 'unproven' | 'failed';

/** A queued project. */
export interface QueuedProject extends QueueRequest {
  /** What the last try met; undefined when nothing was tried since upstream named it last. */
  readonly obstacle: Obstacle | undefined;
  /** Milliseconds: since when it waits, or since when the {@link obstacle} is the same. */
  readonly since: number;
  /** How often it was tried in vain. */
  readonly attempts: number;
  /** True when only the rules changed, so that what is known of upstream's page will do. */
  readonly replan?: boolean;
  /** How often a run died while the project was under way. */
  readonly deaths?: number;
}

/** A project that could not be finished and waits for its next try. */
export interface Parked {
  readonly due: QueuedProject;
  readonly obstacle: Obstacle;
  /** For people: one line. */
  readonly reason: string;
  /** Milliseconds: not before. */
  readonly nextTry: number;
}

/** One that was found in the queue. */
export interface KeptParked extends Omit<Parked, 'nextTry'> {
  /** Milliseconds: not before; undefined when it is due. */
  readonly nextTry: number | undefined;
}

/** A project in the queue, and why it is still there. */
export interface QueueEntry extends QueuedProject {
  /** What the last try met, for people; undefined when nothing was tried. */
  readonly reason: string | undefined;
  /** Milliseconds: not before; undefined when it is due. */
  readonly nextTry: number | undefined;
}

/** A whole list of projects being taken over; it counts only when committed. */
export interface ListComparison {
  add(projects: readonly QueueRequest[]): void;
  /**
   * Queues what is missing here or newer there, and what is held but not listed (as removed).
   * Ignores what is held at a higher serial than the list's own. With `lowers`, serials that are higher than those of
   * the list are forgotten. The list is that of the upstream, or of the other index that `source` says, and nothing that is
   * from elsewhere is compared with it. Returns how many were queued.
   */
  commit(listSerial: number | undefined, change: Change, lowers?: boolean, source?: string): number;
  abandon(): void;
}

/** The projects leave it when they are finished, by `StateStore.finish`. */
export interface Queue {
  /** Queues projects and remembers `change` with them. A project already queued keeps the higher serial. */
  enqueue(requests: readonly QueueRequest[], change?: Change): void;
  compareList(): ListComparison;
  /**
   * Queues every published project without its ETag, so that its pages are made anew;
   * `forgetSerials` when they come from another index, whose serials count differently.
   */
  enqueueAllHeld(forgetSerials: boolean, change?: Change): void;
  /** Queues up to `limit` held projects that were not looked at since `before` (milliseconds). Returns how many. */
  enqueueUnseen(before: number, limit: number): number;
  /**
   * Queues a project without its ETag, and forgets files of it that are damaged, so that the next run fetches them again.
   */
  requeue(name: ProjectName, damaged: readonly WebPath[]): void;
  /** Makes queued projects due, as what stood in their way may be gone: all, or those with this obstacle. */
  makeDue(obstacle?: Obstacle): void;
  /** The project in the queue, if it is there. */
  entryOf(name: ProjectName): QueueEntry | undefined;
  /** The next queued projects, removals first (`removed`), by name after `after`, whose time has come. */
  due(now: number, removed: boolean, after: ProjectName | undefined, limit: number): QueuedProject[];
  /** The same of those of which upstream's changelog has said something. */
  dueAnnounced(now: number, after: ProjectName | undefined, limit: number): QueuedProject[];
  park(parked: Parked): void;
  /** The parked projects with their reasons, the longest waiting first. */
  parked(limit: number): KeptParked[];
}

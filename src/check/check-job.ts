/** Everything that a check works with: the ports, the lock of sync runs, and what a person chose. */
import type { Clock } from '../core/clock.ts';
import type { ProjectName } from '../core/names.ts';
import type { FileStore } from '../files/file-store.ts';
import type { StateStore } from '../state/state-store.ts';
import type { CheckReport } from './check-event.ts';
import type { RunLock, TakeLock } from './run-lock.ts';
import type { Subset } from './subset.ts';
import type { Yielder } from './yielder.ts';

export interface CheckSettings {
  /** Presence and size only, unless a file's time says that somebody changed it. */
  readonly quick: boolean;
  /** What is checked; undefined means everything, and 'auto' the share after the one that was done last. */
  readonly subset: Subset | 'auto' | undefined;
  /** Take what is damaged off the pages and out of the tree, instead of leaving that to the next run. */
  readonly repair: boolean;
  /** Move files that nothing accounts for into the trash. */
  readonly deleteUnreferenced: boolean;
}

/** What a check is started with. */
export interface CheckJob {
  readonly state: StateStore;
  readonly files: FileStore;
  readonly clock: Clock;
  readonly report: CheckReport;
  /** Aborts when the check is to stop. */
  readonly signal: AbortSignal;
  readonly takeLock: TakeLock;
  /** Whether somebody puts the files of a project here by hand: they are left alone. */
  readonly isLocal?: (name: ProjectName) => boolean;
  readonly settings: CheckSettings;
}

/** A check under way. */
export interface Check extends CheckJob {
  readonly isLocal: (name: ProjectName) => boolean;
  readonly lock: RunLock;
  readonly yielder: Yielder;
  /** What is checked, now that it is known which; undefined means everything. */
  readonly subset: Subset | undefined;
}

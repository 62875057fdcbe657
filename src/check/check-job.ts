/** The inputs of a check: the ports, the lock of sync runs, and the settings. */
import type { Clock } from '../core/clock.ts';
import type { ProjectName } from '../core/names.ts';
import type { Semaphore } from '../core/semaphore.ts';
import type { FileStore } from '../files/file-store.ts';
import type { ObjectCheck } from '../files/object-check.ts';
import type { StateStore } from '../state/state-store.ts';
import type { CheckReport } from './check-event.ts';
import type { CheckHelper } from './helper.ts';
import type { RunLock, TakeLock } from './run-lock.ts';
import type { Subset } from './subset.ts';
import type { Yielder } from './yielder.ts';

export interface CheckSettings {
  /** Checks only presence and size, unless a file's modification time shows that it was changed. */
  readonly quick: boolean;
  /** The part of the mirror to check. Undefined means everything, and 'auto' the subset after the last one checked. */
  readonly subset: Subset | 'auto' | undefined;
  /** Removes damaged files from pages and tree at once, instead of leaving that to the next run. */
  readonly repair: boolean;
  /** Moves unreferenced files into the trash. */
  readonly deleteUnreferenced: boolean;
}

/** The inputs of a check as given. */
export interface CheckJob {
  readonly state: StateStore;
  readonly files: FileStore;
  /** The object store that holds files; undefined if all are on the disk. Then `files` tell what a listing says. */
  readonly objects?: ObjectCheck | undefined;
  readonly clock: Clock;
  readonly report: CheckReport;
  /** Aborts when the check must stop. */
  readonly signal: AbortSignal;
  readonly takeLock: TakeLock;
  /** Returns true for projects whose files people put here by hand. They are left alone. */
  readonly isLocal?: (name: ProjectName) => boolean;
  /** Another thread that helps, if there is one. */
  readonly helper?: CheckHelper | undefined;
  readonly settings: CheckSettings;
}

/** A check in progress. */
export interface Check extends CheckJob {
  readonly isLocal: (name: ProjectName) => boolean;
  readonly lock: RunLock;
  readonly yielder: Pick<Yielder, 'yieldIfDue'>;
  /** How many files are read at the same time: one from a disk, as its head can be in one place only. */
  readonly reading: Semaphore;
  /** The resolved subset. Undefined means everything. */
  readonly subset: Subset | undefined;
}

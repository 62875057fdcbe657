/** Chooses the adapter for the mirror that another program has left. */
import { join } from 'node:path';
import { dropOldState as drop, findOldTarget } from '../../files/filesystem/find-old-target.ts';
import type { OldTarget } from '../../files/old-target.ts';

/**
 * Returns the mirror of another program at `root`, or undefined if there is none that is known. Throws StorageError,
 * DamagedFileError.
 */
export function openOldTarget(root: string): OldTarget | undefined {
  return findOldTarget(root);
}

/** Moves the old program's state into the trash of the day of `now` (milliseconds). Throws StorageError. */
export function dropOldState(root: string, now: number): void {
  drop(root, join(root, 'trash', new Date(now).toISOString().slice(0, 10)));
}

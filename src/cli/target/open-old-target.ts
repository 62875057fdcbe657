/** Chooses the adapter for what other programs have left. */
import { join } from 'node:path';
import { dropOldState as drop, findOldTarget } from '../../files/filesystem/find-old-target.ts';
import type { OldTarget } from '../../files/old-target.ts';

/** The mirror at `root` that is not ours, if it is one that is known. Throws StorageError, DamagedFileError. */
export function openOldTarget(root: string): OldTarget | undefined {
  return findOldTarget(root);
}

/** Moves the old program's state into the trash of the day of `now` (milliseconds). Throws StorageError. */
export function dropOldState(root: string, now: number): void {
  drop(root, join(root, 'trash', new Date(now).toISOString().slice(0, 10)));
}

/** Makes a lost or damaged `state.db` anew from the tree. */
import { existsSync, renameSync, statSync } from 'node:fs';
import { messageOf } from '../../core/caught-error.ts';
import { StorageError } from '../../core/errors.ts';
import { type AdoptingMirror, adoptTarget } from '../target/adopt-target.ts';
import { keepDatabase } from '../target/private-files.ts';
import type { Target } from '../target/target.ts';

/**
 * Puts the state aside, if there is one, and takes the tree over into a new one, which `open` creates. What processlogs
 * has counted and not yet published stays in the old one. Without `asideMs`, the time by which the old one is named,
 * that stays in its place: it knows nothing of the tree. The caller holds the lock.
 * Throws StorageError, PausedError; interrupted, it leaves a state that the next run goes on to complete.
 */
export async function rebuildState(
  target: Target,
  asideMs: number | undefined,
  open: () => AdoptingMirror & { close(): void },
): Promise<void> {
  if (asideMs !== undefined) putAside(target.state, asideMs);
  const owner = open();
  try {
    await adoptTarget(target, owner);
  } finally {
    owner.close();
  }
}

/** With its log, without which it may not be readable. */
function putAside(state: string, nowMs: number): void {
  const aside = `${state}.lost-${new Date(nowMs).toISOString().replace(/[:.]/g, '')}`;
  const mode = existsSync(state) ? statSync(state).mode & 0o777 : undefined;
  try {
    for (const suffix of ['-wal', '-shm', '']) {
      if (existsSync(state + suffix)) renameSync(state + suffix, aside + suffix);
    }
  } catch (cause) {
    throw new StorageError(`${state}: cannot be moved: ${messageOf(cause)}`, { cause });
  }
  if (mode !== undefined) keepDatabase(state, mode);
}

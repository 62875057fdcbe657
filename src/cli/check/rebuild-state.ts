/** Rebuilds a lost or damaged `state.db` from the tree. */
import { existsSync, renameSync, statSync } from 'node:fs';
import { messageOf } from '../../core/caught-error.ts';
import { StorageError } from '../../core/errors.ts';
import { type AdoptingMirror, adoptTarget } from '../target/adopt-target.ts';
import { keepDatabase } from '../target/private-files.ts';
import type { Target } from '../target/target.ts';

/**
 * Puts the old state aside, if there is one, and adopts the tree into a new state, which `open` creates. Downloads
 * that processlogs has counted but not published stay in the old state. The name of the old state contains `asideMs`,
 * a time in milliseconds. If `asideMs` is undefined, the old state stays in its place: it knows nothing of the tree.
 * The caller holds the lock.
 * Throws StorageError, PausedError. If interrupted, it leaves a state that the next run completes.
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

/** Renames the state together with its log, without which it may not be readable. */
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

/** Takes the lease of a mirror in a bucket, if `[storage]` in `mirror.toml` has one. */
import type { Clock } from '../../core/clock.ts';
import { checkDatabase, copyPages } from '../../state/sqlite/copy-database.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { SqliteStateStore } from '../../state/sqlite/sqlite-state-store.ts';
import type { Settings } from '../config/settings.ts';
import { knowsMirror } from '../target/open-expected-state.ts';
import type { Target } from '../target/target.ts';
import type { Databases, MirrorOwner, MirrorStandby } from './mirror-owner.ts';
import { openStore } from './open-files.ts';

export interface LeaseNeed {
  readonly target: Target;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** False for a program that works only where runs work: it never takes over. */
  readonly mayTake: boolean;
}

/**
 * Takes the lease. If this machine takes over from another one, restores the state from the copy in the bucket. The
 * caller holds the lock of runs if it may take over, and closes the owner. Resolves with undefined if there is no
 * lease. Throws UsageError, StorageError.
 */
export async function openLease(need: LeaseNeed): Promise<MirrorOwner | MirrorStandby | undefined> {
  const { target, settings, clock } = need;
  const { storage } = settings;
  if (storage?.leaseMs === undefined) return undefined;
  const store = await openStore(need, storage);
  const databases: Databases = {
    ...{ copyPages, takeLock, check: checkDatabase },
    open: (path) => new SqliteStateStore(path, clock),
  };
  try {
    const isStateKnown = knowsMirror(target);
    const { leaseMs } = storage;
    const opened = await store.openOwner({ ...need, ...{ databases, isStateKnown, leaseMs, storage } });
    if (opened.kind === 'standby') {
      await store.close();
      return opened;
    }
    const close = async (): Promise<void> => {
      await opened.close();
      await store.close();
    };
    return { ...opened, close };
  } catch (error) {
    await store.close();
    throw error;
  }
}

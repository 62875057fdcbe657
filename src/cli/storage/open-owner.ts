/**
 * Makes this machine the owner of a mirror in a bucket: takes the lease, and restores the state if another machine had
 * it.
 */
import { existsSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { minuteMs } from '../../core/durations.ts';
import { StorageError } from '../../core/errors.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { sumOfUsage } from '../../core/store-usage.ts';
import { flushNow } from '../../files/filesystem/flush.ts';
import { takeLease } from '../../files/s3/lease.ts';
import { thisMachine } from '../../files/s3/machine.ts';
import type { EtagForm, S3Bucket } from '../../files/s3/s3-bucket.ts';
import { fetchCopy, isNewer, nextVersion, putCopy } from '../../files/s3/state-copy.ts';
import { type FoundManifest, readManifest } from '../../files/s3/state-manifest.ts';
import { copyState, type StateCopy } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';
import type { StorageSettings } from '../config/storage.ts';
import { guardStorage } from '../target/guard-storage.ts';
import { keepDatabase } from '../target/private-files.ts';
import { lockOf, type Target } from '../target/target.ts';
import type { Databases, MirrorOwner, MirrorStandby } from './mirror-owner.ts';
import { fetchLocalFiles } from './open-local-files.ts';

/** Opens the bucket with this hook before each request that changes something. */
export type OpenStoreBucket = (etagForm: EtagForm, mayWrite: () => void) => S3Bucket;

export interface OwnerOptions {
  readonly target: Target;
  readonly settings: { readonly stateMode: number };
  readonly storage: StorageSettings;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly mayTake: boolean;
  /** True if the state on this machine knows of a mirror. */
  readonly isStateKnown: boolean;
  readonly databases: Databases;
  readonly open: OpenStoreBucket;
  /** See `LeaseOptions`. */
  readonly graceMs?: number;
}

/** A state of more bytes is copied less often. */
const largeBytes = 256 << 20;
const largeEveryMs = 5 * minuteMs;

/** Takes the lease. Throws StorageError. */
export async function becomeOwner(options: OwnerOptions): Promise<MirrorOwner | MirrorStandby> {
  const { target, leaseMs, clock, signal, mayTake, databases, isStateKnown, graceMs } = options;
  const buckets: S3Bucket[] = [];
  const open = (etagForm: EtagForm, mayWrite: () => void): S3Bucket => {
    const bucket = options.open(etagForm, mayWrite);
    buckets.push(bucket);
    return bucket;
  };
  const ofLease = new Map<EtagForm, S3Bucket>();
  const locks = dirname(target.lock);
  const taken = await takeLease({
    open: (form) => {
      const bucket = ofLease.get(form) ?? open(form, () => {});
      ofLease.set(form, bucket);
      return bucket;
    },
    record: join(locks, 'lease.json'),
    takeLock: () => databases.takeLock(join(locks, 'lease.db')),
    machine: thisMachine(),
    ...{ leaseMs, mayTake, clock, signal },
    ...(graceMs !== undefined && { graceMs }),
  });
  if (taken.kind === 'standby') return taken;
  const { lease, isNew, news } = taken;
  const bucket = open(lease.etagForm(), () => lease.mayWrite());
  if ((isNew || !isStateKnown) && !mayTake) {
    const reason = `${bucket.where}: this machine takes over, and pep381run has to restore the state first`;
    return { kind: 'standby', reason };
  }
  lease.keep();
  try {
    const restored = isNew || !isStateKnown ? await restoreIfNewer(bucket, options) : undefined;
    if (isNew) await lease.settle();
    return {
      kind: 'owner',
      news: [news, restored].filter((line) => line !== undefined),
      mayWrite: () => lease.mayWrite(),
      copyState: (state, isPublished) => copyIfDue(bucket, state, isPublished, lease.generation, options),
      usage: () => sumOfUsage(buckets.map(({ usage }) => usage)),
      close: () => lease.stop(),
    };
  } catch (error) {
    await lease.stop();
    throw error;
  }
}

/**
 * Restores the state from the copy in the bucket, if that is newer than the state here, which is kept beside it.
 * Returns a line about it, or undefined if nothing was restored.
 */
async function restoreIfNewer(bucket: S3Bucket, options: OwnerOptions): Promise<string | undefined> {
  const { target, databases, storage, clock, settings, isStateKnown } = options;
  const found = await readManifest(bucket);
  if (found === undefined || !isNewer(found, versionOf(options))) return undefined;
  const release = holdOthers(options);
  try {
    const state = guardStorage(target.state, () => realpathSync(target.state));
    const written = `${state}.restored`;
    guardStorage(written, () => removeDatabase(written));
    const copy = await fetchCopy(bucket, written);
    if (copy === undefined) return undefined;
    databases.check(written, copy.bytes);
    const restored = databases.open(written);
    restored.set(change(copyState, { restored: true }));
    restored.close();
    if (storage.hold === 'everything') await fetchLocalFiles(bucket, target, clock);
    const aside = isStateKnown ? putAside(state, options) : undefined;
    guardStorage(state, () => {
      if (aside === undefined) removeDatabase(state);
      renameSync(written, state);
      flushNow(dirname(state));
    });
    keepDatabase(state, settings.stateMode);
    return restoredText(target, copy, aside);
  } finally {
    release();
  }
}

/** Returns the copy that the state on this machine is, or was changed since; undefined if it is none, or is damaged. */
function versionOf({ target, databases, isStateKnown }: OwnerOptions): StateCopy | undefined {
  if (!isStateKnown) return undefined;
  try {
    const state = databases.open(target.state);
    try {
      return state.get(copyState).copy;
    } finally {
      state.close();
    }
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}

/** Takes the locks of the programs that may have the state open. Throws StorageError while one of them is at work. */
function holdOthers({ target, databases }: OwnerOptions): () => void {
  const held: (() => void)[] = [];
  const release = (): void => {
    for (const end of held) end();
  };
  for (const [program, name] of [
    ['stats', 'processlogs'],
    ['check', 'pep381checkfiles'],
  ] as const) {
    const lock = databases.takeLock(lockOf(target, program));
    if (lock !== undefined) {
      held.push(lock);
      continue;
    }
    release();
    throw new StorageError(
      `${target.state}: ${name} uses it, so it cannot be replaced by the newer copy in the bucket`,
    );
  }
  return release;
}

/** Renames the state, which stays complete, and returns its new path. */
function putAside(state: string, { databases, clock }: OwnerOptions): string {
  const time = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(':', '-');
  const aside = `${state}.before-${time}`;
  try {
    // What SQLite keeps in files beside it gets into it.
    databases.open(state).close();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
  }
  guardStorage(aside, () => {
    for (const suffix of ['-wal', '-shm', ''])
      if (existsSync(state + suffix)) renameSync(state + suffix, aside + suffix);
  });
  return aside;
}

function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
}

function restoredText(
  { state }: Target,
  { number, modifiedMs, bytes }: FoundManifest,
  aside: string | undefined,
): string {
  const made = new Date(modifiedMs).toISOString().slice(0, 16).replace('T', ' ');
  const kept = aside === undefined ? '' : `; the older one is ${aside}, and may be removed`;
  return `${state}: restored from copy ${number} of ${made} UTC in the bucket (${showBytes(bytes)})${kept}`;
}

async function copyIfDue(
  bucket: S3Bucket,
  state: StateStore,
  isPublished: boolean,
  generation: number,
  { target, databases, clock }: OwnerOptions,
): Promise<void> {
  const { copy, copyDue = false } = state.get(copyState);
  if (!isPublished && !copyDue && copy !== undefined) return;
  const path = guardStorage(target.state, () => realpathSync(target.state));
  const previous = await readManifest(bucket);
  const ageMs = (bucket.answeredMs ?? clock.now()) - (previous?.modifiedMs ?? 0);
  if (statSync(path).size > largeBytes && ageMs < largeEveryMs) {
    state.set(change(copyState, { copyDue: true }));
    return;
  }
  const version = nextVersion(previous);
  const written = `${path}.copy`;
  try {
    state.set(change(copyState, { copy: version, copyDue: undefined }));
    guardStorage(written, () => removeDatabase(written));
    await databases.copyPages(target.state, written);
    await putCopy(bucket, { path: written, version, generation, previous });
  } catch (error) {
    state.set(change(copyState, { copyDue: true }));
    throw error;
  } finally {
    guardStorage(written, () => removeDatabase(written));
  }
}

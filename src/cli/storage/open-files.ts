/** Opens the files of a mirror: on the disk, or in an object store as `[storage]` in `mirror.toml` says. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../core/clock.ts';
import { UsageError } from '../../core/errors.ts';
import type { StoreUsage } from '../../core/store-usage.ts';
import { fenced } from '../../files/fenced-files.ts';
import type { FileStore } from '../../files/file-store.ts';
import { FilesystemFileStore } from '../../files/filesystem/filesystem-file-store.ts';
import type { Bucket } from '../../files/s3/bucket.ts';
import { isSamePlace, storageState } from '../../state/mirror-state.ts';
import type { SqliteStateStore } from '../../state/sqlite/sqlite-state-store.ts';
import { change } from '../../state/state-section.ts';
import type { Settings } from '../config/settings.ts';
import type { StorageSettings } from '../config/storage.ts';
import { readSecureContext } from '../network/certificates.ts';
import { loadPart } from '../program/load-part.ts';
import type { Target } from '../target/target.ts';
import type { OpenStoreBucket, OwnerOptions } from './open-owner.ts';
import { placeOf, placeText } from './storage-place.ts';

/** Milliseconds that a run which stops has for what it has to publish. */
const graceMs = 20_000;

export interface FilesOptions {
  readonly target: Target;
  readonly settings: Settings;
  readonly state: SqliteStateStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The name of the staging folder; programs that may run at the same time have their own. */
  readonly staging?: string;
  /** The clock by which removed files are put under a day of the trash; `clock` if it is not given. */
  readonly removals?: Pick<Clock, 'now'> | undefined;
  /** True if nothing will be written. */
  readonly isReadOnly?: boolean;
  /** Called before anything is changed, in the store or on the disk. It may throw. */
  readonly mayWrite?: () => void;
}

export interface OpenedFiles {
  readonly files: FileStore;
  /** The bucket; undefined if all files are on the disk. */
  readonly bucket: Bucket | undefined;
  /** Returns what was asked of the store so far. */
  readonly usage?: () => StoreUsage;
  /** Creates the folders of the mirror that are missing on the disk. Throws StorageError. */
  createFolders(): void;
  close(): Promise<void>;
}

/** Opens the files. Throws UsageError if they lie elsewhere than the settings say, and StorageError. */
export async function openFiles(options: FilesOptions): Promise<OpenedFiles> {
  const { target, settings, state, clock, staging, removals, isReadOnly = false } = options;
  expectPlace(target, settings.storage, state);
  // What a run changes has to be moved, too, so a move looks at all of it again.
  if (!isReadOnly && state.get(storageState).moving !== undefined)
    state.set(change(storageState, { moving: undefined }));
  const local = new FilesystemFileStore(target.root, clock, staging, removals);
  if (!isReadOnly) local.create();
  const createFolders = (): void => local.create();
  if (settings.storage === undefined) return { files: local, bucket: undefined, createFolders, close: async () => {} };
  const opened = await openBucket(options, settings.storage);
  const { bucket, openSplitFiles, close } = opened;
  if (!isReadOnly) state.set(change(storageState, { storage: placeOf(settings.storage) }));
  const isUnknown = state.totals().files === 0;
  const split = openSplitFiles(local, bucket, settings.storage, {
    ...{ journal: state.objects, removals: removals ?? clock, isUnknown },
    isAllAdopted: () => state.totals().queued === 0,
  });
  const files = options.mayWrite === undefined ? split : fenced(split, options.mayWrite);
  return { files, bucket, usage: () => bucket.usage, createFolders, close };
}

/** Opens the bucket of the settings. Throws UsageError. */
export async function openBucket(
  { mayWrite = () => {}, ...options }: Omit<FilesOptions, 'state'>,
  storage: StorageSettings,
) {
  const { open, openSplitFiles, openBucketFiles, hasNewerState, close } = await openStore(options, storage);
  return { bucket: open('quoted', mayWrite), openSplitFiles, openBucketFiles, hasNewerState, close };
}

/** Opens connections to the store of the settings. Throws UsageError. */
export async function openStore(
  { target, settings, clock, signal }: Pick<FilesOptions, 'target' | 'settings' | 'clock' | 'signal'>,
  storage: StorageSettings,
) {
  const [
    { openDispatcher, openDirectly },
    { openBucket, openSplitFiles, openBucketFiles, openOwner, hasNewerState, storeConnections },
  ] = await Promise.all([
    loadPart('http.js', () => import('../network/open-dispatcher.ts')),
    loadPart('s3.js', () => import('./open-store.ts')),
  ]);
  const network = { noProxy: settings.noProxy, secureContext: readSecureContext(settings, target, process.env) };
  const connections = { connections: storeConnections, pipelining: 1, connect: { timeout: 10_000 } };
  const timeouts = { headersTimeout: 30_000, bodyTimeout: 60_000, keepAliveTimeout: 10_000 };
  const dispatcher = openDispatcher({ ...connections, ...timeouts }, settings.proxy, process.env, network);
  const connect = (): ReturnType<typeof openDirectly> => openDirectly(2_000);
  const { env } = process;
  const context = { storage, target, env, dispatcher, connect, clock, signal: afterwards(signal) };
  const open: OpenStoreBucket = (etagForm, mayWrite) => openBucket({ ...context, etagForm, mayWrite });
  return {
    open,
    openSplitFiles,
    openBucketFiles,
    hasNewerState,
    openOwner: (options: Omit<OwnerOptions, 'open'>) => openOwner({ ...options, open }),
    close: () => dispatcher.destroy(),
  };
}

/** Returns a signal that follows `signal` later: a run that stops finishes what it publishes, and tells how it ended. */
function afterwards(signal: AbortSignal): AbortSignal {
  const later = new AbortController();
  // Each request listens.
  setMaxListeners(0, later.signal);
  signal.addEventListener('abort', () => setTimeout(() => later.abort(), graceMs).unref(), { once: true });
  return later.signal;
}

/** Throws UsageError if the files of the mirror lie elsewhere than the settings say. */
function expectPlace({ config }: Target, storage: StorageSettings | undefined, state: SqliteStateStore): void {
  const { projects, files } = state.totals();
  // Nothing lies there yet: a first run may have found out that the bucket has another name.
  if (projects + files === 0) return;
  const { storage: known, moving } = state.get(storageState);
  const wanted = storage && placeOf(storage);
  if (isSamePlace(known, wanted)) return;
  if (moving !== undefined && isSamePlace(moving.to, wanted)) {
    throw new UsageError(
      `${config}: the mirror is on its way ${placeText(wanted, 'to')}; pep381run --move-to s3 goes on with it`,
    );
  }
  const advice =
    wanted === undefined ? 'pep381run --move-to disk moves it there' : 'pep381run --move-to s3 moves it there';
  const isLeft =
    known === undefined ? '; or remove [storage], if it is to stay on the disk' : ', with [storage] as it was';
  throw new UsageError(
    `${config}: expected the mirror to be ${placeText(wanted)}, found it ${placeText(known)}; ${advice}${isLeft}`,
  );
}

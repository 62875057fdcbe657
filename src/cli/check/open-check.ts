/** Chooses and opens the adapters for a check. */
import type { CheckJob } from '../../check/check-job.ts';
import { autoSubsets } from '../../check/subset.ts';
import type { Clock } from '../../core/clock.ts';
import type { Report } from '../../core/report.ts';
import type { StoreUsage } from '../../core/store-usage.ts';
import type { FileStore } from '../../files/file-store.ts';
import { FilesystemFileStore } from '../../files/filesystem/filesystem-file-store.ts';
import { PathSpool, spooling } from '../../files/filesystem/path-spool.ts';
import type { Bucket } from '../../files/s3/bucket.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { SqliteObjectListing } from '../../state/sqlite/sqlite-object-listing.ts';
import { SqliteStateStore } from '../../state/sqlite/sqlite-state-store.ts';
import type { Settings } from '../config/settings.ts';
import { loadPart } from '../program/load-part.ts';
import { systemClock } from '../program/system-clock.ts';
import { openFiles } from '../storage/open-files.ts';
import type { ListedFiles } from '../storage/open-store.ts';
import type { AdoptingMirror } from '../target/adopt-target.ts';
import { openExpectedState } from '../target/open-expected-state.ts';
import { keepDatabase } from '../target/private-files.ts';
import type { Target } from '../target/target.ts';
import { CheckThread, isThreadOfUse } from './check-thread.ts';

/** The mode of the listing. */
const ownerOnly = 0o600;

/** Opens the state and the files for a rebuild of a lost state. Throws StorageError. */
export function openRebuild(target: Target, report: Report, signal: AbortSignal): AdoptingMirror & { close(): void } {
  const state = new SqliteStateStore(target.state, systemClock);
  const files = new FilesystemFileStore(target.root, systemClock);
  files.create();
  return { state, files, report, signal, close: () => state.close() };
}

export interface CheckOptions extends Pick<CheckJob, 'report' | 'signal' | 'settings' | 'isLocal'> {
  /** Called before anything is changed. It may throw. */
  readonly mayWrite?: (() => void) | undefined;
}

/** An opened check. */
export interface OpenedCheck {
  readonly job: CheckJob;
  /**
   * Creates the folders of a mirror that are missing, which whatever writes to the tree needs. Looking needs none of
   * them, so a tree that cannot be written to can be checked. Throws StorageError.
   */
  createFolders(): void;
  /** Returns what was asked of the object store so far; undefined if there is none. */
  usage(): StoreUsage | undefined;
  close(): Promise<void>;
}

/**
 * Opens a check of the mirror with the settings `chosen`. If they name a hook, the next run tells it what the check
 * changes. Throws StorageError, UsageError.
 */
export async function openCheck(
  target: Target,
  chosen: Settings,
  { mayWrite, ...options }: CheckOptions,
): Promise<OpenedCheck> {
  const clock = systemClock;
  const state = openExpectedState(target, clock);
  // The staging folder of runs can be used, because the check writes only while it holds their lock.
  const { repair, deleteUnreferenced } = options.settings;
  const isReadOnly = !repair && !deleteUnreferenced;
  const opened = await openFiles({
    ...{ target, settings: chosen, state, clock, signal: options.signal, isReadOnly },
    ...(mayWrite && { mayWrite }),
  });
  const spool = chosen.hooks.afterRun === undefined ? undefined : new PathSpool(target.root, clock);
  const live = spool === undefined ? opened.files : spooling(opened.files, spool);
  const listed = opened.bucket && (await openListed(target, chosen, { live, bucket: opened.bucket, state, clock }));
  const helper = opened.bucket === undefined ? openHelper(target, state, options) : undefined;
  const job = { ...options, state, files: live, ...listed, clock, takeLock: () => takeLock(target.lock), helper };
  const close = async (): Promise<void> => {
    await helper?.close();
    listed?.objects.close();
    spool?.close();
    state.close();
    await opened.close();
  };
  return { job, createFolders: opened.createFolders, usage: () => opened.usage?.(), close };
}

/** Starts a thread that helps with a check of files on the disk, if there is enough to do. */
function openHelper(
  target: Target,
  state: SqliteStateStore,
  { settings, signal }: CheckOptions,
): CheckThread | undefined {
  const { subset } = settings;
  const parts = subset === undefined ? 1 : subset === 'auto' ? autoSubsets : subset.of;
  const program = process.argv[1];
  if (program === undefined || !isThreadOfUse(state.totals().projects / parts)) return undefined;
  try {
    return new CheckThread(program, { target, settings }, signal);
  } catch {
    // The system allows no further thread, and the check can do without.
    return undefined;
  }
}

/** Opens the listing of the bucket, which an interrupted check may have left. Throws StorageError. */
async function openListed(
  target: Target,
  { storage }: Settings,
  of: { readonly live: FileStore; readonly bucket: Bucket; readonly state: SqliteStateStore; readonly clock: Clock },
): Promise<ListedFiles | undefined> {
  if (storage === undefined) return undefined;
  const { live, bucket, state, clock } = of;
  const { openListedFiles } = await loadPart('s3.js', () => import('../storage/open-store.ts'));
  keepDatabase(target.listing, ownerOnly);
  const listing = new SqliteObjectListing(target.listing);
  return openListedFiles(live, bucket, storage, { listing, journal: state.objects, clock });
}

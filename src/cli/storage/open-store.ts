/** Opens the object store of a mirror. It is a part of its own: a mirror on a disk does without it. */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../core/clock.ts';
import type { FileStore } from '../../files/file-store.ts';
import type { ObjectCheck } from '../../files/object-check.ts';
import type { ObjectJournal } from '../../files/object-journal.ts';
import type { ObjectListing } from '../../files/object-listing.ts';
import type { Bucket } from '../../files/s3/bucket.ts';
import { BucketCheck } from '../../files/s3/bucket-check.ts';
import { listed } from '../../files/s3/listed-files.ts';
import { type EtagForm, S3Bucket } from '../../files/s3/s3-bucket.ts';
import { S3FileStore, type S3FileStoreOptions } from '../../files/s3/s3-file-store.ts';
import { SplitFileStore } from '../../files/s3/split-file-store.ts';
import { isNewer } from '../../files/s3/state-copy.ts';
import { readManifest } from '../../files/s3/state-manifest.ts';
import type { StateCopy } from '../../state/mirror-state.ts';
import type { StorageSettings } from '../config/storage.ts';
import { openStoreCredentials } from '../network/open-store-credentials.ts';
import { version } from '../program/version.ts';
import type { MirrorOwner, MirrorStandby } from './mirror-owner.ts';
import { becomeOwner, type OwnerOptions } from './open-owner.ts';

/** The number of requests that are sent to the store at the same time. */
export const storeConnections = 32;

export interface StoreContext {
  readonly storage: StorageSettings;
  readonly target: { readonly root: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dispatcher: Dispatcher;
  /** Opens connections without a proxy, for the credentials of a role. */
  readonly connect: () => Dispatcher;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called before each request that changes something. It may throw. */
  readonly mayWrite: () => void;
  readonly etagForm: EtagForm;
}

/** Opens the bucket. Throws UsageError if there are no credentials. */
export function openBucket(context: StoreContext): S3Bucket {
  const { storage, target, env, dispatcher, connect, clock, signal, mayWrite, etagForm } = context;
  const { credentialsFile, profile } = storage;
  return new S3Bucket({
    ...{ dispatcher, clock, signal, mayWrite, etagForm, connections: storeConnections, style: storage.addressStyle },
    ...{ endpoint: new URL(storage.endpoint), region: storage.region, bucket: storage.bucket, prefix: storage.prefix },
    credentials: openStoreCredentials({ credentialsFile, profile, env, target, connect, clock, signal }),
    userAgent: `pep381client/${version}`,
  });
}

/** Makes this machine the owner of the mirror in the bucket. Throws StorageError. */
export function openOwner(options: OwnerOptions): Promise<MirrorOwner | MirrorStandby> {
  return becomeOwner(options);
}

/**
 * Returns true if the bucket has the state of another machine's mirror, or one that is newer than `known`. Throws
 * StorageError.
 */
export async function hasNewerState(bucket: S3Bucket, known: StateCopy | undefined): Promise<boolean> {
  const found = await readManifest(bucket);
  return found !== undefined && isNewer(found, known);
}

/** What is known of the files in the bucket: see {@link S3FileStore}. */
type BucketFilesOptions = Omit<S3FileStoreOptions, 'bucket' | 'deletionDelayMs'>;

/** Returns the files of a mirror that lies in the bucket and, what it does not hold, on the disk of `local`. */
export function openSplitFiles(
  local: FileStore,
  bucket: Bucket,
  { hold }: StorageSettings,
  options: BucketFilesOptions,
): FileStore {
  return new SplitFileStore(local, new S3FileStore({ bucket, ...options }), hold);
}

/** Returns what of a mirror lies in the bucket. */
export function openBucketFiles(bucket: Bucket, options: BucketFilesOptions): FileStore {
  return new S3FileStore({ bucket, ...options });
}

/** What a check looks at. */
export interface ListedFiles {
  readonly files: FileStore;
  readonly objects: ObjectCheck;
}

/** Returns `live`, the files of a mirror in the bucket, as a check looks at them: by a listing. */
export function openListedFiles(
  live: FileStore,
  bucket: Bucket,
  { hold, prefix }: StorageSettings,
  options: { readonly listing: ObjectListing; readonly journal: ObjectJournal; readonly clock: Clock },
): ListedFiles {
  const { listing, journal } = options;
  return {
    files: listed(live, listing, journal),
    objects: new BucketCheck({ bucket, prefix, hold, live, ...options }),
  };
}

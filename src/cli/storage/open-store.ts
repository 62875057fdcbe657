/** Opens the object store of a mirror. It is a part of its own: a mirror on a disk does without it. */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../core/clock.ts';
import type { FileStore } from '../../files/file-store.ts';
import type { Bucket } from '../../files/s3/bucket.ts';
import { S3Bucket } from '../../files/s3/s3-bucket.ts';
import { S3FileStore, type S3FileStoreOptions } from '../../files/s3/s3-file-store.ts';
import { SplitFileStore } from '../../files/s3/split-file-store.ts';
import type { StorageSettings } from '../config/storage.ts';
import { openStoreCredentials } from '../network/open-store-credentials.ts';
import { version } from '../program/version.ts';

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
}

/** Opens the bucket. Throws UsageError if there are no credentials. */
export function openBucket(context: StoreContext): Bucket {
  const { storage, target, env, dispatcher, connect, clock, signal, mayWrite } = context;
  const { credentialsFile, profile } = storage;
  return new S3Bucket({
    ...{ dispatcher, clock, signal, mayWrite, connections: storeConnections, style: storage.addressStyle },
    ...{ endpoint: new URL(storage.endpoint), region: storage.region, bucket: storage.bucket, prefix: storage.prefix },
    credentials: openStoreCredentials({ credentialsFile, profile, env, target, connect, clock, signal }),
    userAgent: `pep381client/${version}`,
  });
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

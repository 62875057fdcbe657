/** A bucket of a real store for a test, and what the test may change about it. */
import { setMaxListeners } from 'node:events';
import type { LookupFunction } from 'node:net';
import type { Test } from 'tap';
import { openDispatcher } from '../../../src/cli/network/open-dispatcher.ts';
import { systemClock } from '../../../src/cli/program/system-clock.ts';
import { type BucketOptions, S3Bucket } from '../../../src/files/s3/s3-bucket.ts';
import { type ObjectStore, openObjectStore } from '../../fixtures/object-store.ts';

export interface OpenedBucket {
  readonly store: ObjectStore;
  readonly bucket: S3Bucket;
  /** Returns the same bucket with other options. */
  with(options: Partial<BucketOptions>): S3Bucket;
}

/** Headers as pages have them. */
export const pageHeaders = {
  contentType: 'text/html; charset=utf-8',
  contentEncoding: 'gzip',
  cacheControl: 'public, max-age=600',
  metadata: { sha256: 'ab'.repeat(32), mtime: '1795956272000' },
};

/** Returns options for a store that is asked by `endpoint`; some delays are shorter than in a run. */
export function bucketOptions(t: Test, endpoint: string, bucket = 'bucket'): BucketOptions {
  const dispatcher = openDispatcher({ connections: 16, pipelining: 1, connect: { lookup } }, '', {});
  t.teardown(() => dispatcher.destroy());
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return {
    dispatcher,
    clock: systemClock,
    signal,
    endpoint: new URL(endpoint),
    region: 'us-east-1',
    bucket,
    prefix: 'a mirror/',
    style: 'path',
    credentials: async () => ({ accessKeyId: 'testkey', secretAccessKey: 'testsecret' }),
    userAgent: 'tester/1',
    mayWrite: () => {},
    connections: 16,
    etagForm: 'unquoted',
    patienceMs: 20_000,
  };
}

/** Opens an empty bucket of Ceph. */
export async function openBucket(t: Test, more: Partial<BucketOptions> = {}): Promise<OpenedBucket> {
  const store = await openObjectStore(t);
  const options = { ...bucketOptions(t, store.endpoint, store.bucket), ...more };
  return { store, bucket: new S3Bucket(options), with: (other) => new S3Bucket({ ...options, ...other }) };
}

/** Returns all that an iterable yields. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Returns what a promise is rejected with. */
export async function rejection(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected an error, found none');
}

/** All names are this machine, so that a bucket may be part of one. */
const lookup: LookupFunction = (_name, { all: wantsAll }, found) => {
  if (wantsAll === true) found(null, [{ address: '127.0.0.1', family: 4 }]);
  else found(null, '127.0.0.1', 4);
};

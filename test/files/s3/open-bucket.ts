/** Opens a bucket of the object store for a test. */

import type { Test } from 'tap';
import { Agent } from 'undici';
import { systemClock } from '../../../src/cli/program/system-clock.ts';
import { S3Bucket } from '../../../src/files/s3/s3-bucket.ts';
import type { ObjectStore } from '../../fixtures/object-store.ts';

export async function openBucket(t: Test, store: ObjectStore, prefix: string): Promise<S3Bucket> {
  const dispatcher = new Agent({ connections: 20 });
  t.teardown(() => dispatcher.destroy());
  return new S3Bucket({
    dispatcher,
    clock: systemClock,
    signal: new AbortController().signal,
    endpoint: new URL(store.endpoint),
    region: store.region,
    bucket: store.bucket,
    prefix,
    style: 'path',
    credentials: async () => ({ accessKeyId: store.key, secretAccessKey: store.secret }),
    userAgent: 'test',
    mayWrite: () => {},
    connections: 20,
    etagForm: 'unquoted',
  });
}

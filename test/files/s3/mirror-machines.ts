/** Machines that mirror into one bucket of a real store, each with a target and a clock of its own. */
import { Agent } from 'undici';
import type { Clock } from '../../../src/core/clock.ts';
import { PausedError } from '../../../src/core/errors.ts';
import { type EtagForm, S3Bucket } from '../../../src/files/s3/s3-bucket.ts';
import type { ObjectStore } from '../../fixtures/object-store.ts';

/** The real time, moved by what a test says. */
export class MovedClock implements Clock {
  movedMs = 0;

  now(): number {
    return Date.now() + this.movedMs;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new PausedError('paused');
    await new Promise((resolve) => setImmediate(resolve));
    this.movedMs += ms;
  }

  random(): number {
    return 0.5;
  }
}

/** A test, which ends what is opened for it. */
export interface Test {
  teardown(end: () => unknown): void;
  testdir(): string;
}

/** Opens the bucket of the store for one machine. */
export function openBucketOf(
  t: Test,
  store: ObjectStore,
  more: {
    readonly mayWrite?: () => void;
    readonly clock?: Clock;
    readonly endpoint?: string;
    readonly etagForm?: EtagForm;
  } = {},
): S3Bucket {
  const dispatcher = new Agent();
  t.teardown(() => dispatcher.destroy());
  const { mayWrite = () => {}, clock = new MovedClock(), endpoint = store.endpoint, etagForm = 'unquoted' } = more;
  return new S3Bucket({
    dispatcher,
    clock,
    signal: new AbortController().signal,
    endpoint: new URL(endpoint),
    region: store.region,
    bucket: store.bucket,
    prefix: 'a mirror/',
    style: 'path',
    credentials: async () => ({ accessKeyId: store.key, secretAccessKey: store.secret }),
    userAgent: 'pep381client test',
    mayWrite,
    connections: 8,
    timeoutMs: 5_000,
    patienceMs: 10_000,
    etagForm,
  });
}

/** A mirror whose files lie in a bucket, for tests with the built programs. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { sha256Hex } from '../../src/core/hash.ts';
import type { S3Bucket } from '../../src/files/s3/s3-bucket.ts';
import type { ObjectStore } from '../fixtures/object-store.ts';
import { openTestBucket } from '../fixtures/test-bucket.ts';

export type Hold = 'files' | 'everything';

/** Returns the environment that programs find the credentials of the store in. */
export function storeEnvironment({ key, secret }: ObjectStore): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret };
}

/** Creates `target` with a `mirror.toml` that names the upstream. */
export function writeConfig(target: string, upstream: string): void {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${upstream}"\nlegacy-json = true\n`);
}

/** Adds `[storage]` to the `mirror.toml` of `target`. */
export function addStorage(target: string, { endpoint, bucket }: ObjectStore, prefix: string, hold: Hold): void {
  const keys = `bucket = "${bucket}"\nprefix = "${prefix}"\nendpoint = "${endpoint}"\nhold = "${hold}"\nlease = false\n`;
  appendFileSync(join(target, 'mirror.toml'), `[storage]\n${keys}`);
}

export function removeStorage(target: string): void {
  const path = join(target, 'mirror.toml');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/\[storage\][\s\S]*/, ''));
}

/** What lies below a prefix of the store. */
export class BucketTree {
  readonly bucket: S3Bucket;

  private constructor(bucket: S3Bucket) {
    this.bucket = bucket;
  }

  static async open(t: Test, store: ObjectStore, prefix: string): Promise<BucketTree> {
    return new BucketTree(openTestBucket(t, store, `${prefix}/`));
  }

  /** Returns all keys below `prefix`. */
  async keys(prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for await (const { objects } of this.bucket.list(prefix)) keys.push(...objects.map(({ key }) => key));
    return keys;
  }

  /** Returns the sha256 of every object below `web/`, by its path there. */
  async served(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const key of await this.keys('web/')) {
      const body = (await this.bucket.read(key))?.body ?? Buffer.alloc(0);
      found[key.slice('web/'.length)] = sha256Hex(body);
    }
    return found;
  }

  /** Returns the number of multipart uploads that were neither completed nor aborted. */
  async openUploads(): Promise<number> {
    let count = 0;
    for await (const _ of this.bucket.uploads('')) count += 1;
    return count;
  }
}

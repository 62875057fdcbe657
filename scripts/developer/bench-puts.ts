/**
 * Puts objects into a bucket as fast as the client of the programs can: one row of the benchmark, in a process of its
 * own.
 */
import { setMaxListeners } from 'node:events';
import { Agent } from 'undici';
import { systemClock } from '../../src/cli/program/system-clock.ts';
import { storeConnections } from '../../src/cli/storage/open-store.ts';
import { S3Bucket } from '../../src/files/s3/s3-bucket.ts';
import { pseudoRandomBytes } from '../../test/sample/pseudo-random.ts';

const [endpoint = '', bucket = '', accessKeyId = '', secretAccessKey = '', count = '0', bytes = '0'] =
  process.argv.slice(2);
const dispatcher = new Agent({ connections: storeConnections, pipelining: 1 });
const { signal } = new AbortController();
// Each request listens.
setMaxListeners(0, signal);
const store = new S3Bucket({
  ...{ dispatcher, clock: systemClock, connections: storeConnections, endpoint: new URL(endpoint), bucket },
  ...{ region: 'us-east-1', prefix: 'raw/', style: 'path', userAgent: 'bench', mayWrite: () => {} },
  credentials: async () => ({ accessKeyId, secretAccessKey }),
  signal,
});
const body = pseudoRandomBytes('objects', Number(bytes));
let next = 0;
void main();

async function main(): Promise<void> {
  await Promise.all(Array.from({ length: storeConnections }, putAll));
  await dispatcher.destroy();
}

async function putAll(): Promise<void> {
  while (next < Number(count)) {
    next += 1;
    const key = `${(next * 7919) % 256}/${next}`;
    await store.put(key, body, { contentType: 'application/octet-stream', metadata: { sha256: '0'.repeat(64) } });
  }
}

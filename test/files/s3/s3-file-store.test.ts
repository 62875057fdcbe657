/** A mirror in a bucket of a real object store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import { sha256Hex } from '../../../src/core/hash.ts';
import type { WebPath } from '../../../src/core/paths.ts';
import { FilesystemFileStore } from '../../../src/files/filesystem/filesystem-file-store.ts';
import { S3FileStore } from '../../../src/files/s3/s3-file-store.ts';
import { SplitFileStore } from '../../../src/files/s3/split-file-store.ts';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { testFileStore } from '../../fixtures/file-store-suite.ts';
import { provideState } from '../../fixtures/new-state.ts';
import { type ObjectStore, objectStoreOrReason, openObjectStore } from '../../fixtures/object-store.ts';
import { openTestBucket } from '../../fixtures/test-bucket.ts';
import { pseudoRandomBytes } from '../../sample/pseudo-random.ts';

const needsStore = objectStoreOrReason();
const at = (path: string): WebPath => path as WebPath;
const folder = `packages/ab/cd/${'0'.repeat(60)}`;
const blob = at(`${folder}/a-1.0.zip`);
const x = Buffer.from('x');
const megabyte = 1 << 20;

/** All mirrors are in one bucket. */
let store: ObjectStore | undefined;
let mirrors = 0;
const root = t;

/** Returns a function that opens the same store again and again. */
async function opener(t: Test, deletionDelayMs: number) {
  store ??= await openObjectStore({ teardown: (end) => root.teardown(end) });
  mirrors += 1;
  const bucket = openTestBucket(t, store, `${mirrors}/`);
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  const path = join(folder, 'state.db');
  provideState(path);
  const state = new SqliteStateStore(path, new FakeClock());
  t.teardown(() => {
    state.close();
    rmSync(folder, { recursive: true });
  });
  const open = (removals: FakeClock): S3FileStore =>
    new S3FileStore({ bucket, journal: state.objects, removals, deletionDelayMs });
  return { bucket, journal: state.objects, open };
}

t.test('S3FileStore does what a FileStore must', needsStore, async (t) => {
  const stores = new WeakMap<FakeClock, Awaited<ReturnType<typeof opener>>>();
  await testFileStore(
    t,
    async (t, clock) => {
      // Files stay for a while otherwise: see below.
      const store = stores.get(clock) ?? (await opener(t, 0));
      stores.set(clock, store);
      return store.open(clock);
    },
    { keepsParts: false, many: 40 },
  );
});

t.test('SplitFileStore does what a FileStore must', needsStore, async (t) => {
  const stores = new WeakMap<FakeClock, () => SplitFileStore>();
  await testFileStore(
    t,
    async (t, clock) => {
      const known = stores.get(clock);
      if (known !== undefined) return known();
      const { open } = await opener(t, 0);
      const target = t.testdir();
      const openBoth = (): SplitFileStore => {
        const local = new FilesystemFileStore(target, clock);
        local.create();
        return new SplitFileStore(local, open(clock), 'everything');
      };
      stores.set(clock, openBoth);
      return openBoth();
    },
    { keepsParts: false, many: 40 },
  );
});

t.test('objects have the headers of the virtual host, their hash and their time', needsStore, async (t) => {
  const { bucket, journal, open } = await opener(t, 0);
  const store = open(new FakeClock());
  const bytes = pseudoRandomBytes('large', 6 * megabyte);
  const sha256 = '0'.repeat(64);
  const mtimeMs = Date.UTC(2020, 1, 29);
  const file = await store.stage('key', blob, { bytes: bytes.length, sha256, mtimeMs });
  file.begin(false, undefined);
  await file.write(bytes);
  await file.finish();
  await store.publish([
    { path: blob, body: file, mtimeMs },
    { path: at('simple/a/index.html.gz'), body: x },
  ]);
  t.same((await bucket.head(`web/${blob}`))?.headers, {
    contentType: 'application/octet-stream',
    cacheControl: 'public, max-age=31536000, immutable',
    metadata: { sha256, mtime: String(mtimeMs) },
  });
  const etag = (await bucket.head(`web/${blob}`))?.etag;
  t.match(etag, /^[0-9a-f]{32}-1$/, 'it was put in parts');
  t.equal(journal.etagOf(blob), etag);
  t.match(await store.stat(blob), { content: 'as-published' });
  t.match((await bucket.head('web/simple/a/index.html.gz'))?.headers, {
    contentType: 'text/html; charset=utf-8',
    cacheControl: 'public, max-age=600',
    contentEncoding: 'gzip',
  });
});

t.test('a file is deleted when no page that links to it can be in a cache any more', needsStore, async (t) => {
  const { bucket, journal, open } = await opener(t, 600_000);
  const clock = new FakeClock();
  const store = open(clock);
  await store.publish([{ path: blob, body: x }]);
  await store.discard([blob]);
  await store.emptyTrash(0);
  t.equal(await store.size(blob), undefined, 'it is not part of the mirror');
  t.ok(await bucket.head(`web/${blob}`), 'but still served');
  clock.advance(600_000);
  await open(clock).emptyTrash(0);
  t.equal(await bucket.head(`web/${blob}`), undefined);
  t.equal((await store.readTrash(blob))?.toString(), 'x');
  t.same(await store.restore([blob]), [blob]);
  await store.discard([blob]);
  await store.publish([{ path: blob, body: Buffer.from('again') }]);
  clock.advance(600_000);
  await store.emptyTrash(0);
  t.equal((await store.read(blob))?.toString(), 'again', 'what came back stays');
  t.same(journal.dueDeletions(Number.MAX_SAFE_INTEGER, 10), []);
});

t.test('uploads that a killed run has begun are aborted by the next one', needsStore, async (t) => {
  const { bucket, journal, open } = await opener(t, 0);
  const store = open(new FakeClock());
  const file = await store.stage('key', blob);
  file.begin(false, '"e"');
  for (let part = 0; part < 3; part += 1) await file.write(Buffer.alloc(5 * megabyte));
  t.equal(journal.uploads().length, 1);
  t.match(await store.leftovers(), [/^s3:\/\/bucket-.*\/web\/packages\/.*\/a-1\.0\.zip$/]);
  const next = open(new FakeClock());
  await next.tidy(false);
  t.same(journal.uploads(), []);
  for await (const upload of bucket.uploads('')) t.fail(upload.key);
  t.equal(await bucket.head(`web/${blob}`), undefined);

  // One that was killed before the store had told it the id.
  const lost = new Error('killed');
  const beginUpload = bucket.beginUpload.bind(bucket);
  bucket.beginUpload = async (...args) => {
    await beginUpload(...args);
    throw lost;
  };
  const other = await open(new FakeClock()).stage('key', blob);
  other.begin(false, '"e"');
  const write = async (): Promise<void> => {
    for (let part = 0; part < 3; part += 1) await other.write(Buffer.alloc(5 * megabyte));
  };
  await t.rejects(write(), lost);
  await next.tidy(false);
  t.same(journal.uploads(), []);
  for await (const upload of bucket.uploads('')) t.fail(upload.key);
});

t.test('a run without changes asks nothing, and one file costs one request', needsStore, async (t) => {
  const { bucket, open } = await opener(t, 600_000);
  const store = open(new FakeClock());
  const count = (): number => Object.values(bucket.usage.requests).reduce((sum, number) => sum + number, 0);
  const before = count();
  await store.tidy(false);
  await store.tidy(true);
  await store.emptyTrash(Date.now());
  t.equal(count() - before, 0);
  t.equal(await store.findVerified(blob, false), undefined);
  t.equal(count() - before, 1, 'whether others work here');
  for (const number of [1, 2, 3]) {
    const path = at(`${folder}/a-${number}.zip`);
    t.equal(await store.findVerified(path, false), undefined);
    const file = await store.stage('key', path, { bytes: 1 });
    file.begin(false, '"e"');
    await file.write(x);
    await file.finish();
    await store.publish([{ path, body: file }]);
  }
  t.equal(count() - before, 4);
});

t.test(
  'small files wait for a slow store before they are requested, and cost one request each',
  needsStore,
  async (t) => {
    const { bucket, open } = await opener(t, 0);
    const store = open(new FakeClock());
    const sized = { bytes: 4 * megabyte, sha256: '0'.repeat(64) };
    const bytes = Buffer.alloc(sized.bytes);
    const pathOf = (number: number): WebPath => at(`${folder}/a-${number}.zip`);
    const arrived = await Promise.all(
      Array.from({ length: 6 }, async (_, number) => {
        const file = await store.stage('key', pathOf(number), sized);
        file.begin(false, '"e"');
        await file.write(bytes);
        await file.finish();
        return file;
      }),
    );
    const begun: number[] = [];
    const later = [6, 7, 8].map(async (number) => {
      const file = await store.stage('key', pathOf(number), sized);
      begun.push(number);
      return file;
    });
    const sidecar = await store.stage('key', at(`${folder}/a-0.zip.metadata`), { bytes: 1 });
    sidecar.begin(false, undefined);
    await sidecar.write(x);
    await sidecar.finish();
    t.same(begun, [], 'there is no room for another one');
    const [first, second, third, ...others] = arrived;
    if (first === undefined || second === undefined || third === undefined) throw new Error('expected six files');
    await store.publish([
      { path: pathOf(0), body: first },
      { path: at(`${folder}/a-0.zip.metadata`), body: sidecar },
    ]);
    await later[0];
    t.same(begun, [6], 'one was published');
    await second.drop();
    await later[1];
    t.same(begun, [6, 7], 'one was dropped');
    third.begin(false, '"e"');
    const again = await later[2];
    t.same(begun, [6, 7, 8], 'one begins anew, which has what it needs from elsewhere');
    again?.begin(false, '"e"');
    await again?.write(bytes.subarray(0, 2 * megabyte));
    await again?.interrupt();
    t.match(again?.resumable, { bytes: 2 * megabyte });
    const last = await store.stage('key', pathOf(9), sized);
    last.begin(false, '"e"');
    await last.write(Buffer.alloc(6 * megabyte));
    t.equal(bucket.usage.requests.upload, 2, 'one that is larger than announced is begun as an upload, and has a part');
    await last.drop();
    for (const file of others) await file.drop();
    t.equal(bucket.usage.requests.put, 2, 'a file and its sidecar');
  },
);

t.test('what another machine has put there is found by its hash', needsStore, async (t) => {
  const { bucket, journal, open } = await opener(t, 0);
  await bucket.put('prefetch/1-2', x, { contentType: 'text/plain' });
  const headers = { contentType: 'application/octet-stream', metadata: { sha256: 'f'.repeat(64) } };
  await bucket.put(`web/${blob}`, x, headers);
  t.same(await open(new FakeClock()).findVerified(blob, false), { bytes: 1, sha256: 'f'.repeat(64) });
  journal.rememberEtags([{ path: blob, etag: 'that of another one' }]);
  const read = await open(new FakeClock()).findVerified(blob, true);
  t.match(read, { bytes: 1, sha256: sha256Hex(x) }, 'the hash of an object that was replaced is not believed');
  t.match(await open(new FakeClock()).stat(blob), { content: 'other' });
});

t.test('the mark of a machine is removed when it is an hour old and all is adopted', needsStore, async (t) => {
  const { bucket, journal } = await opener(t, 0);
  const mark = (): Promise<unknown> => bucket.put('prefetch/1-of-1', x, { contentType: 'text/plain' });
  const marks = async (): Promise<boolean> => (await bucket.head('prefetch/1-of-1')) !== undefined;
  const open = (hours: number, isAllAdopted: boolean): S3FileStore => {
    const removals = { now: () => Date.now() + hours * 3_600_000 };
    return new S3FileStore({ bucket, journal, removals, isAllAdopted: () => isAllAdopted });
  };
  await mark();
  await bucket.put(`web/${blob}`, x, { contentType: 'text/plain', metadata: { sha256: '1'.repeat(64) } });
  const [young, busy, idle, done] = [open(0, true), open(2, false), open(2, true), open(2, true)];
  for (const store of [young, busy, done])
    t.match(await store.findVerified(blob, false), { sha256: '1'.repeat(64) }, 'it looks for what others have put');
  for (const store of [young, busy]) await store.emptyTrash(0);
  t.ok(await marks());
  await idle.emptyTrash(0);
  t.ok(await marks(), 'a run without anything new asks for no mark');
  await done.emptyTrash(0);
  t.notOk(await marks());
  t.equal(await open(0, true).findVerified(blob, false), undefined);
});

t.test('an upload of which only the store knows is aborted by the next run', needsStore, async (t) => {
  const { bucket, journal, open } = await opener(t, 0);
  const begin = bucket.beginUpload.bind(bucket);
  bucket.beginUpload = async (key, headers) => {
    await begin(key, headers);
    throw new StorageError('the answer is lost');
  };
  const store = open(new FakeClock());
  const file = await store.stage('key', blob, { bytes: 6 * megabyte });
  file.begin(false, undefined);
  await t.rejects(async () => file.write(pseudoRandomBytes('lost', 6 * megabyte)), 'the answer is lost');
  const openUploads = async (): Promise<number> => {
    let count = 0;
    for await (const _ of bucket.uploads('')) count += 1;
    return count;
  };
  t.equal(await openUploads(), 1);
  await open(new FakeClock()).tidy(false);
  t.equal(await openUploads(), 0);
  t.same(journal.uploads(), []);
});

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import type { S3Bucket } from '../../../src/files/s3/s3-bucket.ts';
import { fetchCopy, isNewer, nextVersion, putCopy } from '../../../src/files/s3/state-copy.ts';
import {
  type FoundManifest,
  manifestKey,
  packKey,
  packsOf,
  readManifest,
} from '../../../src/files/s3/state-manifest.ts';
import { connect } from '../../../src/state/sqlite/addon.ts';
import { checkDatabase, copyPages } from '../../../src/state/sqlite/copy-database.ts';
import { objectStoreOrReason, openObjectStore } from '../../fixtures/object-store.ts';
import { openBucketOf } from './mirror-machines.ts';

const needed = objectStoreOrReason();

/** Makes a database with so many rows of a kilobyte, in which a test changes some. */
function makeDatabase(path: string, rows: number): ReturnType<typeof connect> {
  const db = connect(path);
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE x (id INTEGER PRIMARY KEY, text TEXT NOT NULL)');
  grow(db, rows);
  return db;
}

/** Adds so many rows of a kilobyte, of which half is left when they are compressed, or all of it. */
function grow(db: ReturnType<typeof connect>, rows: number, value = 'hex(randomblob(512))'): void {
  const insert = db.prepare(`INSERT INTO x (text) VALUES (${value})`);
  db.transaction(() => {
    for (let row = 0; row < rows; row += 1) insert.run();
  })();
}

/** Copies the database as a run does. */
async function copy(bucket: S3Bucket, path: string, generation = 1): Promise<FoundManifest> {
  const previous = await readManifest(bucket);
  const to = `${path}.copy`;
  writeFileSync(to, '');
  await copyPages(path, to);
  await putCopy(bucket, { path: to, version: nextVersion(previous), generation, previous });
  const manifest = await readManifest(bucket);
  if (manifest === undefined) throw new Error('no manifest');
  return manifest;
}

async function keysOf(bucket: S3Bucket): Promise<string[]> {
  const found: string[] = [];
  for await (const { objects } of bucket.list('')) found.push(...objects.map(({ key }) => key));
  return found;
}

function rowsOf(path: string): unknown {
  const db = connect(path);
  try {
    return db.prepare('SELECT count(*) AS count, sum(id * unicode(text)) AS sum FROM x').get();
  } finally {
    db.close();
  }
}

t.test('a copy comes back, and a small change costs two small puts', needed, async (t) => {
  const store = await openObjectStore(t);
  const bucket = openBucketOf(t, store);
  const path = join(t.testdir(), 'state.db');
  const db = makeDatabase(path, 1_500);
  t.teardown(() => db.close());
  const first = await copy(bucket, path);
  t.match(first, { number: 1, generation: 1, blockBytes: 16 << 10 });
  t.ok(first.bytes > 1_500_000);
  const whole = bucket.usage;
  db.exec('UPDATE x SET text = hex(randomblob(512)) WHERE id IN (17, 1000)');
  // Another connection is in the midst of something.
  const other = connect(path);
  other.exec("BEGIN; INSERT INTO x (text) VALUES ('not yet')");
  const second = await copy(bucket, path);
  const { usage } = bucket;
  t.equal(usage.requests.put - whole.requests.put, 2);
  t.ok(usage.bytesSent - whole.bytesSent < 150_000, `${usage.bytesSent - whole.bytesSent} bytes`);
  t.ok(whole.bytesSent > 750_000);
  t.equal(packsOf(second).size, 2);
  t.same(second.blocks.filter(({ sha256 }, at) => sha256 !== first.blocks[at]?.sha256).length <= 5, true);
  const restored = join(t.testdirName, 'restored.db');
  t.match(await fetchCopy(bucket, restored), { id: second.id });
  t.equal(statSync(restored).mode & 0o777, 0o600);
  checkDatabase(restored, second.bytes);
  t.same([`${restored}-wal`, `${restored}-shm`].filter(existsSync), []);
  other.exec('COMMIT');
  other.close();
  t.same(rowsOf(restored), { ...(rowsOf(`${path}.copy`) as object) });
  t.not(rowsOf(path), rowsOf(restored));
});

t.test('packs that are mostly dead are replaced, and removed once nothing names them', needed, async (t) => {
  const store = await openObjectStore(t);
  const bucket = openBucketOf(t, store);
  const path = join(t.testdir(), 'state.db');
  const db = makeDatabase(path, 1_000);
  t.teardown(() => db.close());
  let whole = 0;
  for (let round = 1; round <= 17; round += 1) {
    db.exec(
      `UPDATE x SET text = hex(randomblob(512)) WHERE id BETWEEN ${(round % 8) * 100} AND ${(round % 8) * 100 + 200}`,
    );
    if (round === 9) grow(db, 250);
    if (round === 12) db.exec('DELETE FROM x WHERE id > 750; VACUUM');
    const manifest = await copy(bucket, path);
    const packs = [...packsOf(manifest)];
    if (packs.length === 1) whole += 1;
    const live = manifest.blocks.reduce((sum, { bytes }) => sum + bytes, 0);
    t.ok(packs.reduce((sum, { bytes }) => sum + bytes, 0) <= 3 * live + (1 << 20), `round ${round}`);
    const restored = join(t.testdirName, `restored-${round}.db`);
    await fetchCopy(bucket, restored);
    t.ok(readFileSync(restored).equals(readFileSync(`${path}.copy`)), `round ${round}`);
    if (round !== 16) continue;
    const named = [manifestKey, ...packs.map(packKey)];
    const others = (await keysOf(bucket)).filter((key) => !named.includes(key));
    t.ok(others.length <= 16, `${others.length} packs of the copy before`);
  }
  t.ok(whole >= 2 && whole < 10, `${whole} of them were made anew`);
});

t.test('a large pack goes into the bucket in parts, and memory does not grow with it', needed, async (t) => {
  const store = await openObjectStore(t);
  const bucket = openBucketOf(t, store);
  const path = join(t.testdir(), 'state.db');
  const db = makeDatabase(path, 0);
  grow(db, 8_600, 'randomblob(1024)');
  db.close();
  await copy(bucket, path);
  t.equal(bucket.usage.requests.upload, 4, 'begin, two parts, end');
  const restored = join(t.testdirName, 'restored.db');
  await fetchCopy(bucket, restored);
  t.ok(readFileSync(restored).equals(readFileSync(`${path}.copy`)));
  const uploads: unknown[] = [];
  for await (const upload of bucket.uploads('')) uploads.push(upload);
  t.same(uploads, []);
});

t.test('a machine whose copy was replaced meanwhile does not replace it', needed, async (t) => {
  const store = await openObjectStore(t);
  const bucket = openBucketOf(t, store);
  const path = join(t.testdir(), 'state.db');
  makeDatabase(path, 100).close();
  const first = await copy(bucket, path);
  const second = await copy(bucket, path, 2);
  const late = { path, version: nextVersion(first), generation: 1, previous: first };
  await t.rejects(putCopy(bucket, late), {
    name: 'StorageError',
    message: /manifest\.json\.gz was replaced by another/,
  });
  t.match(await readManifest(bucket), { id: second.id });
  await t.rejects(putCopy(bucket, { ...late, previous: undefined }), { message: /was replaced/ });
  await fetchCopy(bucket, `${path}.restored`);
  // A machine that may no longer write leaves nothing behind.
  const fenced = openBucketOf(t, store, {
    mayWrite: () => {
      throw new StorageError('the lease was lost');
    },
  });
  const before = await keysOf(bucket);
  await t.rejects(copy(fenced, path), { message: 'the lease was lost' });
  t.same(await keysOf(bucket), before);
});

t.test('what is damaged is refused with one line', needed, async (t) => {
  const store = await openObjectStore(t);
  const bucket = openBucketOf(t, store);
  const path = join(t.testdir(), 'state.db');
  makeDatabase(path, 100).close();
  const manifest = await copy(bucket, path);
  const [pack] = [...packsOf(manifest)];
  if (pack === undefined) throw new Error('no pack');
  const { body } = (await bucket.read(packKey(pack))) ?? { body: Buffer.alloc(0) };
  const plain = { contentType: 'text/plain' };
  for (const at of [0, 500, body.length - 9]) {
    const damaged = Buffer.from(body);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    await bucket.put(packKey(pack), damaged, plain);
    await t.rejects(fetchCopy(bucket, `${path}.restored`), {
      name: 'StorageError',
      message:
        /: state\/1-1-[0-9a-f]{8}\.pack: block \d+ of the state differs from its hash; nothing was changed here$/,
    });
  }
  await bucket.put(packKey(pack), body.subarray(0, 100), plain);
  await t.rejects(fetchCopy(bucket, `${path}.restored`), { name: 'StorageError' });
  await bucket.remove([packKey(pack)]);
  await t.rejects(fetchCopy(bucket, `${path}.restored`), { message: /: state\/1-1-\S+\.pack: is missing$/ });
  const { gzipSync } = await import('node:zlib');
  const wrong = {
    version: 1,
    number: 1,
    id: '0'.repeat(32),
    generation: 1,
    bytes: 10,
    blockBytes: 4096,
    packs: [],
    blocks: [],
  };
  const texts = [
    'x',
    gzipSync('x'),
    ...[{}, { version: 2 }, wrong, { ...wrong, blocks: [['0'.repeat(64), 0, 0, 1]] }].map((json) =>
      gzipSync(JSON.stringify(json)),
    ),
  ];
  for (const text of texts) {
    await bucket.put(manifestKey, Buffer.from(text), plain);
    await t.rejects(fetchCopy(bucket, `${path}.restored`), {
      name: 'StorageError',
      message: /: state\/manifest\.json\.gz: no usable copy of the state: .*; remove it, and the next run/,
    });
  }
});

t.test('of two histories the one with more copies is newer', async (t) => {
  const [one, two] = [nextVersion(undefined), nextVersion({ number: 1, id: '' })];
  t.match([one.number, two.number], [1, 2]);
  t.equal(isNewer(one, undefined), true);
  t.equal(isNewer(one, one), false);
  t.equal(isNewer(two, one), true);
  t.equal(isNewer(one, two), false);
  t.equal(isNewer(nextVersion(one), two), true, 'another one of the same number');
});

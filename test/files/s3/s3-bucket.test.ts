/** The adapter against a real Ceph. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import type { Condition } from '../../../src/files/s3/bucket.ts';
import { probeConditions } from '../../../src/files/s3/probe-conditions.ts';
import { objectStoreOrReason } from '../../fixtures/object-store.ts';
import { all, openBucket, pageHeaders, rejection } from './opened-bucket.ts';

const needed = objectStoreOrReason();
const plain = { contentType: 'text/plain' };

t.test('an object comes back with its bytes, its headers and its metadata', needed, async (t) => {
  const { bucket } = await openBucket(t);
  const key = 'web/simple/a b+c%&<>"é/index.html';
  const etag = await bucket.put(key, Buffer.from('a page'), pageHeaders);
  t.equal(etag, createHash('md5').update('a page').digest('hex'));
  const head = await bucket.head(key);
  t.match(head, { bytes: 6, etag, headers: pageHeaders });
  t.ok(Math.abs((head?.modifiedMs ?? 0) - Date.now()) < 60_000);
  const read = await bucket.read(key);
  t.match(read, { ...head, body: Buffer.from('a page') });
  t.same(
    (await all(bucket.list(''))).flatMap(({ objects }) =>
      objects.map(({ key, bytes, etag }) => ({ key, bytes, etag })),
    ),
    [{ key, bytes: 6, etag }],
  );
});

t.test('what is missing is undefined, and in a bucket that is missing an error', needed, async (t) => {
  const { bucket, with: other } = await openBucket(t);
  t.equal(await bucket.head('web/none'), undefined);
  t.equal(await bucket.read('web/none'), undefined);
  t.equal(await bucket.stream('web/none', () => void t.fail('no bytes')), undefined);
  t.equal(await bucket.copy('web/none', 'web/other'), false);
  await bucket.remove(['web/none']);
  await bucket.remove(['web/none', 'web/none2']);
  t.same(await all(bucket.list('')), [{ objects: [], folders: [] }]);
  const gone = other({ bucket: 'no-such-bucket' });
  const calls = [
    () => gone.head('x'),
    () => gone.read('x'),
    () => gone.put('x', Buffer.from(''), plain),
    () => gone.copy('x', 'y'),
    () => gone.remove(['x']),
    () => gone.remove(['x', 'y']),
    () => all(gone.list('')),
    () => all(gone.uploads('')),
    () => gone.beginUpload('x', plain),
  ];
  for (const call of calls) {
    const error = await rejection(call());
    t.ok(error instanceof StorageError);
    t.match(error.message, /^s3:\/\/no-such-bucket\/a mirror\/ at http:\/\/127\.0\.0\.1:\d+: (?:GET|PUT|POST|DELETE)/);
    t.match(error.message, /: the store answers 404 NoSuchBucket.*: create the bucket, or correct bucket or endpoint/);
  }
});

t.test('a range has the bytes from its start up to its end, or to that of the object', needed, async (t) => {
  const { bucket } = await openBucket(t);
  await bucket.put('x', Buffer.from('0123456789'), plain);
  await bucket.put('empty', Buffer.alloc(0), plain);
  const ranges = { '0-3': '012', '8-10': '89', '8-100': '89', '10-20': '', '50-60': '', '4-4': '' };
  for (const [range, expected] of Object.entries(ranges)) {
    const [start = 0, end = 0] = range.split('-').map(Number);
    t.match(await bucket.read('x', { start, end }), { bytes: 10, body: Buffer.from(expected) }, range);
  }
  t.match(await bucket.read('empty', { start: 0, end: 5 }), { bytes: 0, body: Buffer.alloc(0) });
  t.match(await bucket.read('empty'), { bytes: 0, body: Buffer.alloc(0) });
  t.equal(await bucket.read('none', { start: 0, end: 5 }), undefined);
});

t.test('a condition that does not hold leaves the object as it is', needed, async (t) => {
  const { bucket } = await openBucket(t);
  const first = await bucket.put('lease', Buffer.from('1'), plain, { ifAbsent: true });
  t.type(first, 'string');
  t.equal(await bucket.put('lease', Buffer.from('2'), plain, { ifAbsent: true }), undefined);
  t.equal(await bucket.put('lease', Buffer.from('2'), plain, { ifMatch: 'f'.repeat(32) }), undefined);
  t.equal(
    await bucket.put('other', Buffer.from('2'), plain, { ifMatch: first ?? '' }),
    undefined,
    'nor if it is missing',
  );
  t.equal((await bucket.read('lease'))?.body.toString(), '1');
  t.equal(await bucket.head('other'), undefined);
  const second = await bucket.put('lease', Buffer.from('2'), plain, { ifMatch: first ?? '' });
  t.equal((await bucket.head('lease'))?.etag, second);
});

t.test('of many that put at once, each with the same condition, one wins', needed, async (t) => {
  const { bucket } = await openBucket(t);
  const race = async (name: string, condition: Condition): Promise<void> => {
    const bodies = Array.from({ length: 12 }, (_, at) => `${name} ${at}`);
    const put = (body: string) => bucket.put('lease', Buffer.from(body), plain, condition);
    const etags = await Promise.all(bodies.map(put));
    t.same(
      bodies.filter((_, at) => etags[at] !== undefined),
      [(await bucket.read('lease'))?.body.toString()],
    );
  };
  await race('first', { ifAbsent: true });
  for (const name of ['second', 'third', 'fourth'])
    await race(name, { ifMatch: (await bucket.head('lease'))?.etag ?? '' });
});

t.test('it is found out in which form the store wants ETags', needed, async (t) => {
  const { bucket, with: other } = await openBucket(t);
  t.equal(await probeConditions((etagForm) => other({ etagForm }), 'state/probe'), 'unquoted');
  t.equal(await bucket.head('state/probe'), undefined, 'nothing is left');
});

t.test('a copy has the bytes, and the headers of its source or others', needed, async (t) => {
  const { bucket } = await openBucket(t);
  await bucket.put('web/a b+c', Buffer.from('text'), pageHeaders);
  t.equal(await bucket.copy('web/a b+c', 'trash/2026-11-29/a b+c'), true);
  t.match(await bucket.read('trash/2026-11-29/a b+c'), { headers: pageHeaders, body: Buffer.from('text') });
  t.equal(await bucket.copy('web/a b+c', 'web/a b+c', { contentType: 'x/y', metadata: { sha256: 'c' } }), true);
  t.same((await bucket.head('web/a b+c'))?.headers, { contentType: 'x/y', metadata: { sha256: 'c' } });
});

t.test('listings are complete, in order, and only of what is asked for', needed, async (t) => {
  const { bucket } = await openBucket(t);
  const keys = Array.from({ length: 1_105 }, (_, at) => `web/p/${String(at).padStart(5, '0')}/f+ ${at}`);
  for (let at = 0; at < keys.length; at += 100)
    await Promise.all(keys.slice(at, at + 100).map((key) => bucket.put(key, Buffer.from('x'), plain)));
  await bucket.put('web/z', Buffer.from('x'), plain);
  const listed = async (...args: Parameters<typeof bucket.list>): Promise<string[]> =>
    (await all(bucket.list(...args))).flatMap(({ objects }) => objects.map(({ key }) => key));
  t.same(await listed(''), [...keys, 'web/z']);
  t.same(await listed('web/p/'), keys);
  t.same(await listed('web/p/', { after: keys[1_098] }), keys.slice(1_099));
  t.same(await listed('web/p/00007'), [keys[7]]);
  t.same(await listed('web', { delimiter: '/' }), []);
  const pages = await all(bucket.list('web/p/', { delimiter: '/' }));
  t.same(
    pages.map(({ objects }) => objects.length),
    [0, 0],
  );
  t.same(
    pages.flatMap(({ folders }) => folders),
    keys.map((key) => key.slice(0, 'web/p/00000/'.length)),
  );
  t.same(await all(bucket.list('web/', { delimiter: '/' })).then(([page]) => [page?.folders, page?.objects[0]?.key]), [
    ['web/p/'],
    'web/z',
  ]);
  await bucket.remove(keys);
  t.same(await listed(''), ['web/z']);
  t.equal(bucket.usage.requests.delete, 2);
});

t.test('an upload is visible when it is completed, and never if it is aborted', needed, async (t) => {
  const { bucket } = await openBucket(t);
  const parts = [Buffer.alloc(5 << 20, 'a'), Buffer.alloc(5 << 20, 'b'), Buffer.from('the end')];
  const begin = async (key: string): Promise<{ id: string; etags: string[] }> => {
    const id = await bucket.beginUpload(key, pageHeaders);
    return { id, etags: await Promise.all(parts.map((part, at) => bucket.putPart(key, id, at + 1, part))) };
  };
  const [one, other] = [await begin('web/one'), await begin('web/o ther+')];
  t.equal(await bucket.head('web/one'), undefined);
  t.same((await all(bucket.uploads('web/'))).map(({ key, uploadId }) => [key, uploadId]).sort(), [
    ['web/o ther+', other.id],
    ['web/one', one.id],
  ]);
  t.same((await all(bucket.uploads('web/on'))).length, 1);
  await bucket.completeUpload('web/one', one.id, one.etags);
  const body = Buffer.concat(parts);
  t.match(await bucket.head('web/one'), { bytes: body.length, headers: pageHeaders });
  const pieces: Buffer[] = [];
  const streamed = await bucket.stream('web/one', async (piece) => {
    pieces.push(Buffer.from(piece));
    await Promise.resolve();
  });
  t.equal(streamed?.bytes, body.length);
  t.ok(Buffer.concat(pieces).equals(body));
  await bucket.abortUpload('web/o ther+', other.id);
  await bucket.abortUpload('web/o ther+', other.id);
  t.equal(await bucket.head('web/o ther+'), undefined);
  t.same(await all(bucket.uploads('')), []);
  const late = await rejection(bucket.completeUpload('web/o ther+', other.id, other.etags));
  t.match(late.message, /: POST web\/o ther\+: the store has no such upload; it was aborted meanwhile$/);
});

t.test('what a reader of an object throws ends the reading', needed, async (t) => {
  const { bucket } = await openBucket(t);
  await bucket.put('x', Buffer.alloc(3 << 20), plain);
  let calls = 0;
  const own = new RangeError('enough');
  for (const isAsync of [true, false]) {
    const error = await rejection(
      bucket.stream('x', (): void | Promise<void> => {
        calls += 1;
        if (isAsync) return Promise.reject(own);
        throw own;
      }),
    );
    t.equal(error, own);
  }
  t.equal(calls, 2);
});

t.test('what was asked of the store is counted', needed, async (t) => {
  const { bucket } = await openBucket(t);
  await bucket.put('x', Buffer.alloc(1000), plain);
  await bucket.read('x');
  await bucket.stream('x', () => {});
  await bucket.head('x');
  await all(bucket.list(''));
  await bucket.copy('x', 'y');
  await bucket.remove(['x', 'y']);
  const { requests, bytesSent, bytesReceived, retries } = bucket.usage;
  t.same(requests, { get: 2, head: 1, put: 1, copy: 1, list: 1, upload: 0, delete: 1 });
  t.ok(bytesSent > 1000 && bytesSent < 2000 && bytesReceived > 2000 && bytesReceived < 5000);
  t.equal(retries, 0);
});

t.test('the bucket in the name of the host is the same bucket', needed, async (t) => {
  const { store, bucket, with: other } = await openBucket(t);
  const { port } = new URL(store.endpoint);
  const hosted = other({ endpoint: new URL(`http://s3.localhost:${port}`), style: 'host' });
  await hosted.put('web/a b', Buffer.from('x'), plain);
  t.equal((await bucket.read('web/a b'))?.body.toString(), 'x');
  t.equal((await hosted.copy('web/a b', 'web/c')) && (await all(hosted.list('web/'))).length, 1);
});

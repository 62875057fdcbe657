/** The adapter against a real Ceph, with a proxy between that does what networks and busy stores do. */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/cli/program/system-clock.ts';
import { PausedError, StorageError } from '../../../src/core/errors.ts';
import type { S3Bucket } from '../../../src/files/s3/s3-bucket.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { errorXml, type FaultyProxy, type Mishap, openFaultyProxy, slowDown } from '../../fixtures/faulty-proxy.ts';
import { objectStoreOrReason } from '../../fixtures/object-store.ts';
import { all, type OpenedBucket, openBucket, pageHeaders, rejection } from './opened-bucket.ts';

const needed = objectStoreOrReason();
const plain = { contentType: 'text/plain' };

/** Opens a bucket behind a proxy. Its clock is not slept by, so that retries take no time. */
async function openFaulty(t: Test): Promise<OpenedBucket & { proxy: FaultyProxy; clock: FakeClock; direct: S3Bucket }> {
  const clock = new FakeClock(Date.now());
  const opened = await openBucket(t);
  const proxy = await openFaultyProxy(t, opened.store.endpoint);
  const endpoint = new URL(proxy.url);
  const faulty = opened.with({ endpoint, clock });
  return {
    ...opened,
    bucket: faulty,
    with: (other) => opened.with({ endpoint, clock, ...other }),
    ...{ proxy, clock, direct: opened.bucket },
  };
}

const passing: Readonly<Record<string, Mishap>> = {
  SlowDown: slowDown,
  'status 500': { status: 500, body: errorXml('InternalError') },
  'status 502 of a proxy': { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>Bad Gateway' },
  RequestTimeout: { status: 400, body: errorXml('RequestTimeout') },
  'a reset before': { reset: 'before' },
  'a reset instead of the answer': { reset: 'after' },
  'an answer that is cut off': { cutAfter: 0 },
};

for (const [what, mishap] of Object.entries(passing)) {
  t.test(`${what}: every request is tried again, and has its effect once`, needed, async (t) => {
    const { bucket, proxy, clock, direct } = await openFaulty(t);
    const twice = async <T>(work: () => Promise<T>): Promise<T> => {
      proxy.add({ count: 2, mishap });
      const result = await work();
      proxy.clear();
      return result;
    };
    const etag = await twice(() => bucket.put('web/x', Buffer.from('one'), pageHeaders));
    t.equal((await direct.head('web/x'))?.etag, etag);
    t.equal((await twice(() => bucket.head('web/x')))?.etag, etag);
    t.equal((await twice(() => bucket.read('web/x')))?.body.toString(), 'one');
    t.equal((await twice(() => bucket.read('web/x', { start: 1, end: 3 })))?.body.toString(), 'ne');
    let streamed = '';
    await twice(() =>
      bucket.stream('web/x', (piece) => {
        streamed += piece.toString();
      }),
    );
    t.equal(streamed, 'one');
    t.equal(await twice(() => bucket.head('web/none')), undefined);
    const lease = await twice(() => bucket.put('lease', Buffer.from('1'), plain, { ifAbsent: true }));
    t.type(lease, 'string', 'a put whose answer was lost counts as put');
    t.type(await twice(() => bucket.put('lease', Buffer.from('2'), plain, { ifMatch: lease ?? '' })), 'string');
    t.equal(await twice(() => bucket.put('lease', Buffer.from('3'), plain, { ifAbsent: true })), undefined);
    t.equal((await direct.read('lease'))?.body.toString(), '2');
    t.equal(await twice(() => bucket.copy('web/x', 'trash/x')), true);
    t.same(
      (await twice(() => all(bucket.list('')))).flatMap(({ objects }) => objects.map(({ key }) => key)),
      ['lease', 'trash/x', 'web/x'],
    );
    await twice(() => bucket.remove(['trash/x']));
    await twice(() => bucket.remove(['lease', 'web/x', 'none']));
    const id = await twice(() => bucket.beginUpload('web/big', pageHeaders));
    const part = await twice(() => bucket.putPart('web/big', id, 1, Buffer.from('part')));
    await twice(() => bucket.completeUpload('web/big', id, [part]));
    t.same(
      (await all(direct.list(''))).flatMap(({ objects }) => objects.map(({ key }) => key)),
      ['web/big'],
    );
    for await (const { key, uploadId } of direct.uploads('')) {
      t.equal(key, 'web/big', 'only a begin whose answer was lost leaves an upload');
      await twice(() => bucket.abortUpload(key, uploadId));
    }
    t.same(await all(direct.uploads('')), []);
    // Answers without a body cannot be cut off.
    t.ok(bucket.usage.retries >= ('cutAfter' in mishap ? 12 : 30));
    t.ok(clock.slept.every((ms) => ms >= 200 && ms <= 10_000));
  });
}

t.test('a store that asks for a pause gets it', needed, async (t) => {
  const { bucket, proxy, clock } = await openFaulty(t);
  proxy.add({ count: 1, mishap: { ...slowDown, headers: { 'retry-after': '7' } } });
  await bucket.put('x', Buffer.from('x'), plain);
  t.ok((clock.slept[0] ?? 0) >= 7_000 && (clock.slept[0] ?? 0) < 8_000);
  const inTen = new Date(clock.now() + 10_000).toUTCString();
  proxy.add({ count: 1, mishap: { status: 503, headers: { 'retry-after': inTen } } });
  await bucket.put('x', Buffer.from('x'), plain);
  t.ok((clock.slept[1] ?? 0) >= 9_000 && (clock.slept[1] ?? 0) < 11_000);
  proxy.add({ count: 1, mishap: { status: 503, headers: { 'retry-after': '86400' } } });
  const error = await rejection(bucket.put('x', Buffer.from('x'), plain));
  t.match(error.message, /: PUT x: the store answers 503 without an error of S3; .* \(tried once in 0 s\)$/);
  t.equal(clock.slept.length, 2, 'but a day is too long');
});

t.test('a store that fails for ever is given up, and then not asked by those that wait', needed, async (t) => {
  const { bucket, proxy, clock } = await openFaulty(t);
  proxy.add({ mishap: slowDown });
  const puts = Array.from({ length: 50 }, (_, at) => rejection(bucket.put(`web/${at}`, Buffer.from('x'), plain)));
  const messages = (await Promise.all(puts)).map((error) => {
    t.ok(error instanceof StorageError);
    return error.message;
  });
  t.ok(
    messages.some((text) => /: the store answers 503 SlowDown \(Please .*\) \(tried \d+ times in \d+ s\)$/.test(text)),
  );
  t.ok(messages.some((text) => /: not asked, because the store has failed for \d+ s$/.test(text)));
  const asked = proxy.seen.length;
  await rejection(bucket.put('web/y', Buffer.from('x'), plain));
  t.equal(proxy.seen.length, asked);
  clock.advance(15_000);
  proxy.clear();
  t.type(await bucket.put('web/y', Buffer.from('x'), plain), 'string', 'after a while it is asked again');
  t.type(await bucket.put('web/z', Buffer.from('x'), plain), 'string');
});

t.test('a condition is judged by what is there, if the answer to a put was lost', needed, async (t) => {
  const { bucket, proxy, direct } = await openFaulty(t);
  await direct.put('lease', Buffer.from('of another one'), plain);
  proxy.add({ count: 1, mishap: { reset: 'before' } });
  t.equal(await bucket.put('lease', Buffer.from('ours'), plain, { ifAbsent: true }), undefined);
  t.equal((await direct.read('lease'))?.body.toString(), 'of another one');
});

t.test('an object that is read in pieces goes on where it was cut off', needed, async (t) => {
  const { bucket, proxy, direct } = await openFaulty(t);
  const body = Buffer.alloc(4 << 20, randomBytes(1 << 20));
  await direct.put('big', body, plain);
  for (const cutAfter of [100_000, 1_000_000, 2_000_000]) proxy.add({ count: 1, mishap: { cutAfter } });
  const pieces: Buffer[] = [];
  const head = await bucket.stream('big', async (piece) => {
    pieces.push(Buffer.from(piece));
  });
  t.equal(head?.bytes, body.length);
  t.ok(Buffer.concat(pieces).equals(body));
  t.ok(proxy.seen.length > 3);
  proxy.add({ count: 1, mishap: { cutAfter: 100_000 } });
  let isReplaced = false;
  const error = await rejection(
    bucket.stream('big', async () => {
      if (!isReplaced) await direct.put('big', Buffer.alloc(4 << 20), plain);
      isReplaced = true;
    }),
  );
  t.match(error.message, /: GET big: the object was replaced while it was read$/);
});

t.test('a store that goes silent is given up after a bounded time', needed, async (t) => {
  const { bucket, store, with: other } = await openBucket(t, { timeoutMs: 300, patienceMs: 2_000 });
  await bucket.put('x', Buffer.from('x'), plain);
  store.freeze();
  const started = performance.now();
  const body = Buffer.alloc(300_000);
  const calls = Array.from({ length: 60 }, (_, at) =>
    rejection(at % 3 === 0 ? bucket.read('x') : bucket.put(`web/${at}`, body, plain)),
  );
  for (const error of await Promise.all(calls)) {
    t.ok(error instanceof StorageError);
    t.match(error.message, /: (?:GET|PUT) \S+: (?:the store does not answer in time|not asked, because the store has)/);
  }
  t.ok(performance.now() - started < 40_000);
  store.thaw();
  t.equal((await other({}).read('x'))?.body.toString(), 'x', 'and is there again');
});

t.test('a store that is frozen or restarted for a moment loses nothing', needed, async (t) => {
  const { bucket, store } = await openBucket(t, { timeoutMs: 500, patienceMs: 60_000 });
  const put = (name: string): Promise<unknown>[] =>
    Array.from({ length: 30 }, (_, at) => bucket.put(`web/${name}/${at}`, Buffer.from(`${at}`), plain));
  const first = put('frozen');
  store.freeze();
  t.not(await Promise.race([bucket.head('x'), new Promise((later) => setTimeout(later, 1_500, 'late'))]), 'x');
  store.thaw();
  await Promise.all(first);
  const second = put('killed');
  await store.kill();
  await store.start();
  await Promise.all(second);
  const listed = (await all(bucket.list(''))).flatMap(({ objects }) => objects);
  t.equal(listed.length, 60);
});

t.test('a run that is paused waits for no store', needed, async (t) => {
  const opened = await openFaulty(t);
  const cases: Readonly<Record<string, Mishap>> = {
    'before the store': { silence: 'before' },
    'behind the store': { silence: 'after' },
    'between two tries': { status: 503, headers: { 'retry-after': '60' } },
  };
  for (const [where, mishap] of Object.entries(cases)) {
    const pause = new AbortController();
    setMaxListeners(0, pause.signal);
    const bucket = opened.with({ signal: pause.signal, clock: systemClock, patienceMs: 120_000, connections: 4 });
    opened.proxy.clear();
    opened.proxy.add({ mishap });
    const before = opened.proxy.seen.length;
    const calls = Array.from({ length: 8 }, () => rejection(bucket.put('x', Buffer.from('x'), plain)));
    while (opened.proxy.seen.length < before + 4) await new Promise((later) => setTimeout(later, 5));
    const started = performance.now();
    pause.abort();
    for (const error of await Promise.all(calls)) t.ok(error instanceof PausedError, where);
    t.ok(performance.now() - started < 10_000);
    t.ok((await rejection(bucket.read('x'))) instanceof PausedError);
  }
});

t.test('who may no longer write does not, also not when a request is repeated', needed, async (t) => {
  const { proxy, direct, with: other } = await openFaulty(t);
  const lost = new StorageError('the lease is lost');
  let left = 0;
  const bucket = other({
    mayWrite: () => {
      if (left === 0) throw lost;
      left -= 1;
    },
  });
  const writes: Readonly<Record<string, () => Promise<unknown>>> = {
    put: () => bucket.put('x', Buffer.from('x'), plain),
    copy: () => bucket.copy('x', 'y'),
    remove: () => bucket.remove(['x']),
    'remove many': () => bucket.remove(['x', 'y']),
    begin: () => bucket.beginUpload('x', plain),
    part: () => bucket.putPart('x', 'id', 1, Buffer.from('x')),
    complete: () => bucket.completeUpload('x', 'id', ['x']),
    abort: () => bucket.abortUpload('x', 'id'),
  };
  for (const [name, write] of Object.entries(writes)) t.equal(await rejection(write()), lost, name);
  t.same(proxy.seen, []);
  t.equal(await bucket.read('x'), undefined, 'it may still read');
  await all(bucket.list(''));
  // Each attempt asks when it is signed, and when it is sent.
  left = 2;
  proxy.add({ count: 1, mishap: { reset: 'before' } });
  t.equal(await rejection(bucket.put('x', Buffer.from('x'), plain)), lost);
  left = 1;
  t.equal(await rejection(bucket.put('x', Buffer.from('x'), plain)), lost);
  t.equal(await direct.head('x'), undefined);
});

t.test('an error after the head of a good answer is an error', needed, async (t) => {
  const { bucket, proxy, direct } = await openFaulty(t);
  await direct.put('x', Buffer.from('x'), plain);
  const late = { status: 200, body: errorXml('InternalError', 'We encountered an internal error') };
  proxy.add({ method: 'PUT', count: 1, mishap: late });
  t.equal(await bucket.copy('x', 'y'), true);
  t.equal((await direct.read('y'))?.body.toString(), 'x');
  proxy.add({ method: 'PUT', mishap: { status: 200, body: errorXml('AccessDenied') } });
  t.match((await rejection(bucket.copy('x', 'z'))).message, /: PUT z: the store answers 200 AccessDenied: /);
});

t.test('what is too large to be copied at once is copied in parts', needed, async (t) => {
  const { proxy, direct, with: other } = await openFaulty(t);
  const bucket = other({ copyPartBytes: 5 << 20 });
  const body = Buffer.alloc(11 << 20, randomBytes(1_000_003));
  await direct.put('web/big', body, pageHeaders);
  const refuse = (): void =>
    proxy.add({ method: 'PUT', count: 1, mishap: { status: 400, body: errorXml('InvalidRequest') } });
  refuse();
  t.equal(await bucket.copy('web/big', 'trash/big'), true);
  const copied = await direct.read('trash/big');
  t.match(copied, { headers: pageHeaders });
  t.ok(copied?.body.equals(body));
  refuse();
  proxy.add({ method: 'PUT', mishap: { status: 403, body: errorXml('AccessDenied') } });
  t.match(
    (await rejection(bucket.copy('web/big', 'trash/other'))).message,
    /: PUT trash\/other: the store answers 403/,
  );
  t.same(await all(direct.uploads('')), [], 'nothing is left of one that fails');
});

t.test('what could not be removed with the others is removed alone, or told', needed, async (t) => {
  const { bucket, proxy, direct } = await openFaulty(t);
  const failed = (key: string, code: string): Mishap => ({
    status: 200,
    body: `<DeleteResult><Error><Key>${key}</Key><Code>${code}</Code></Error></DeleteResult>`,
  });
  await direct.put('x', Buffer.from('x'), plain);
  proxy.add({ method: 'POST', count: 1, mishap: failed('a mirror/x', 'InternalError') });
  await bucket.remove(['x', 'y']);
  t.equal(await direct.head('x'), undefined);
  proxy.add({ method: 'POST', count: 1, mishap: failed('a mirror/x', 'AccessDenied') });
  proxy.add({ method: 'DELETE', count: 1, mishap: { status: 403, body: errorXml('AccessDenied') } });
  t.match((await rejection(bucket.remove(['x', 'y']))).message, /: DELETE x: the store answers 403 AccessDenied: /);
  proxy.add({ method: 'POST', count: 1, mishap: failed('other/z', 'InternalError') });
  t.match((await rejection(bucket.remove(['x', 'y']))).message, /names other\/z, which it was not asked to remove$/);
});

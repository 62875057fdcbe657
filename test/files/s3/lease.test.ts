import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { hourMs, minuteMs } from '../../../src/core/durations.ts';
import { StorageError } from '../../../src/core/errors.ts';
import { type Lease, type LeaseOptions, type Owner, type Standby, takeLease } from '../../../src/files/s3/lease.ts';
import type { LeaseBucket } from '../../../src/files/s3/lease-object.ts';
import { readRecord } from '../../../src/files/s3/owner-record.ts';
import type { EtagForm } from '../../../src/files/s3/s3-bucket.ts';
import { takeLock } from '../../../src/state/sqlite/lock.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { objectStoreOrReason, openObjectStore } from '../../fixtures/object-store.ts';
import { MovedClock, openBucketOf, type Test } from './mirror-machines.ts';

const leaseMs = 30 * minuteMs;
const graceMs = 17 * minuteMs;

/** A store in memory, with a clock of its own. */
class MemoryStore {
  readonly where = 's3://bucket/ at http://store.test';
  readonly clock = new FakeClock();
  readonly requests: string[] = [];
  /** What keeps the store from answering. `after` it has done what was asked, or before. */
  fault: 'before' | 'after' | undefined;
  keepsConditions = true;
  tellsDate = true;
  readonly #objects = new Map<string, { body: Buffer; etag: string; modifiedMs: number }>();

  open(): LeaseBucket {
    let answeredMs: number | undefined;
    const answer = <T>(what: string, work: () => T): T => {
      this.requests.push(what);
      if (this.fault === 'before') throw new StorageError(`${this.where}: ${what}: no answer`);
      const result = work();
      if (this.fault === 'after') throw new StorageError(`${this.where}: ${what}: no answer`);
      answeredMs = this.tellsDate ? seconds(this.clock.now()) : undefined;
      return result;
    };
    return {
      where: this.where,
      get answeredMs() {
        return answeredMs;
      },
      read: async (key) =>
        answer(`GET ${key}`, () => {
          const found = this.#objects.get(key);
          return found && { ...found, bytes: found.body.length, headers: { contentType: '' } };
        }),
      put: async (key, body, _headers, condition) =>
        answer(`PUT ${key}`, () => {
          const found = this.#objects.get(key);
          const holds =
            condition === undefined || ('ifAbsent' in condition ? !found : condition.ifMatch === found?.etag);
          if (this.keepsConditions && !holds) return undefined;
          const etag = createHash('md5').update(body).digest('hex');
          this.#objects.set(key, { body, etag, modifiedMs: seconds(this.clock.now()) });
          return etag;
        }),
      remove: async (keys) =>
        answer(`DELETE ${keys}`, () => {
          for (const key of keys) this.#objects.delete(key);
        }),
    };
  }

  text(key = 'lease.json'): string {
    return this.#objects.get(key)?.body.toString() ?? '';
  }

  put(key: string, text: string): void {
    this.#objects.set(key, { body: Buffer.from(text), etag: text, modifiedMs: this.clock.now() });
  }

  remove(key: string): void {
    this.#objects.delete(key);
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** A machine whose clock and uptime a test moves. */
class TestMachine {
  readonly clock = new FakeClock();
  readonly host: string;
  readonly folder: string;
  boot = 'boot 1';
  id: string;
  upMs = hourMs;

  constructor(t: Test, host: string, folder = join(rootOf(t), host)) {
    this.host = host;
    this.id = `machine ${host}`;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  get record(): string {
    return join(this.folder, 'lease.json');
  }

  options(open: LeaseOptions['open'], more: Partial<LeaseOptions> = {}): LeaseOptions {
    const { clock, record } = this;
    return {
      ...{ open, record, clock, leaseMs, mayTake: true },
      takeLock: () => takeLock(join(this.folder, 'lease.db')),
      signal: new AbortController().signal,
      machine: { host: this.host, id: this.id, boot: this.boot, uptimeMs: () => this.upMs },
      ...more,
    };
  }

  take(store: MemoryStore, more: Partial<LeaseOptions> = {}): Promise<Owner | Standby> {
    return takeLease(this.options(() => store.open(), more));
  }

  async own(store: MemoryStore, more: Partial<LeaseOptions> = {}): Promise<Lease> {
    const taken = await this.take(store, more);
    if (taken.kind === 'owner') return taken.lease;
    throw new Error(`expected an owner, found ${taken.reason}`);
  }
}

const roots = new WeakMap<Test, string>();

/** Returns the folder of a test, which is emptied at the first call. */
function rootOf(t: Test): string {
  const root = roots.get(t) ?? t.testdir();
  roots.set(t, root);
  return root;
}

function pass(ms: number, store: MemoryStore, ...machines: readonly TestMachine[]): void {
  store.clock.advance(ms);
  for (const machine of machines) {
    machine.clock.advance(ms);
    machine.upMs += ms;
  }
}

/** Returns the message that `mayWrite` throws; empty if it does not. */
function refusal(lease: Lease): string {
  try {
    lease.mayWrite();
    return '';
  } catch (error) {
    if (error instanceof StorageError) return error.message;
    throw error;
  }
}

t.test('the first machine takes the lease, and renews it with few requests', async (t) => {
  const store = new MemoryStore();
  const a = new TestMachine(t, 'a');
  const taken = await a.take(store);
  t.match(taken, { kind: 'owner', isNew: true, news: undefined });
  t.match(JSON.parse(store.text()), {
    generation: 1,
    host: 'a',
    takenAt: new Date(store.clock.now()).toISOString(),
    leaseSeconds: 1800,
  });
  t.equal(statSync(a.record).mode & 0o777, 0o600);
  t.not(
    store.requests.some((request) => request.includes('probe') && request.startsWith('GET')),
    true,
  );
  store.requests.length = 0;
  pass(14 * minuteMs, store, a);
  const lease = await a.own(store);
  t.same(store.requests, [], 'less than half has gone');
  t.equal(refusal(lease), '');
  pass(2 * minuteMs, store, a);
  await a.own(store);
  t.same(store.requests, ['PUT lease.json'], 'more than half has gone');
  t.match(await a.take(store), { isNew: true }, 'nobody said that the state is the newest');
  await lease.settle();
  t.match(await a.take(store), { isNew: false });
  pass(10 * hourMs, store, a);
  t.match(await a.take(store), { isNew: false }, 'nobody took it while it was stale');
  t.equal(refusal(await a.own(store)), '');
  t.match(JSON.parse(store.text()), { generation: 1 });
});

t.test('a stand-by does nothing until the lease and the time for late requests are over', async (t) => {
  const store = new MemoryStore();
  const [a, b] = [new TestMachine(t, 'a'), new TestMachine(t, 'b')];
  const old = await a.own(store);
  // Its clock says nothing.
  b.clock.advance(-5 * hourMs);
  for (const ms of [0, leaseMs, graceMs]) {
    pass(ms, store, a, b);
    store.requests.length = 0;
    const taken = await b.take(store);
    t.match(taken, { kind: 'standby' });
    t.match(taken, {
      reason: /^s3:\S+ at \S+: a publishes; this machine stands by, and takes over if nothing .* until 2/,
    });
    t.same(store.requests, ['GET lease.json']);
  }
  t.match(refusal(old), 'the lease has ended and was not renewed in time');
  pass(3_000, store, a, b);
  const taken = await b.take(store);
  t.match(taken, { kind: 'owner', isNew: true, news: /a was last heard of at 2.* UTC; this machine takes over$/ });
  t.match(JSON.parse(store.text()), { generation: 2, host: 'b' });
  t.match(await a.take(store), { kind: 'standby', reason: /: b publishes/ });
  await old.renew();
  t.match(refusal(old), 'the lease was lost to b, which publishes now');
});

t.test('the lease ends by whichever clock of the machine is further', async (t) => {
  const cases: [string, (a: TestMachine) => void][] = [
    ['the clock', (a) => a.clock.advance(leaseMs)],
    [
      'the time since the start, while the clock was set back',
      (a) => {
        a.upMs += leaseMs;
        a.clock.advance(-hourMs);
      },
    ],
  ];
  for (const [what, move] of cases) {
    const store = new MemoryStore();
    const a = new TestMachine(t, what.slice(0, 8));
    const lease = await a.own(store);
    t.equal(refusal(lease), '');
    move(a);
    t.match(refusal(lease), 'the lease has ended', what);
  }
});

t.test('no request is signed with a date after the end of the lease by the clock of the store', async (t) => {
  const store = new MemoryStore();
  const a = new TestMachine(t, 'a');
  a.clock.advance(5 * minuteMs);
  const lease = await a.own(store);
  pass(leaseMs - 6 * minuteMs, store, a);
  t.equal(refusal(lease), '');
  pass(1 * minuteMs, store, a);
  t.match(refusal(lease), 'the lease has ended');
  const b = new TestMachine(t, 'b');
  b.clock.advance(12 * minuteMs);
  const other = new MemoryStore();
  await t.rejects(b.take(other), {
    message: /this machine's clock is 12\.0 minutes ahead of the store's, too much for a lease of 30 minutes; correct/,
  });
  // A clock that is behind does no harm.
  const c = new TestMachine(t, 'c');
  c.clock.advance(-12 * minuteMs);
  const slow = await c.own(new MemoryStore());
  pass(leaseMs - 1, new MemoryStore(), c);
  t.equal(refusal(slow), '');
});

t.test('what is remembered counts only since the same start of the system, and for the same bucket', async (t) => {
  const changes: [string, (a: TestMachine) => void][] = [
    ['another start', (a) => (a.boot = 'boot 2')],
    ['a clock that was set back', (a) => a.clock.advance(-minuteMs)],
    ['less time since the start', (a) => (a.upMs = 0)],
  ];
  for (const [at, [what, change]] of changes.entries()) {
    const store = new MemoryStore();
    const a = new TestMachine(t, `a${at}`);
    await a.own(store);
    store.requests.length = 0;
    change(a);
    t.match(await a.take(store), { kind: 'owner' }, what);
    t.same(store.requests, ['GET lease.json', 'PUT lease.json'], what);
  }
});

t.test('a renewal whose answer is lost is recognized, by the same process and by the next one', async (t) => {
  const store = new MemoryStore();
  const a = new TestMachine(t, 'a');
  const lease = await a.own(store);
  pass(11 * minuteMs, store, a);
  for (const fault of ['after', 'before', 'after', 'after'] as const) {
    pass(minuteMs, store, a);
    store.fault = fault;
    await lease.renew();
    t.equal(refusal(lease), '', 'the lease holds until its end');
  }
  pass(leaseMs - 15 * minuteMs - 1, store, a);
  t.equal(refusal(lease), '');
  pass(1, store, a);
  t.match(refusal(lease), /not renewed in time: .*PUT lease\.json: no answer; another machine may publish now/);
  store.fault = undefined;
  const next = await a.own(store);
  t.equal(refusal(next), '');
  await lease.renew();
  t.equal(refusal(lease), '', 'the other process goes on, too');
  t.match(JSON.parse(store.text()), { generation: 1 });
});

t.test('a copy of a target is another owner', async (t) => {
  const store = new MemoryStore();
  const [a, b] = [new TestMachine(t, 'a'), new TestMachine(t, 'b')];
  await a.own(store);
  const id = readRecord(a.record)?.id;
  cpSync(a.record, b.record);
  t.match(await b.take(store), { kind: 'standby', reason: /: a publishes/ });
  t.not(readRecord(b.record)?.id, id);
  const beside = new TestMachine(t, 'a', join(rootOf(t), 'beside'));
  cpSync(a.record, beside.record);
  t.match(await beside.take(store), { reason: /: another target on a, or one that this is a copy of, publishes/ });
  // A machine that is a copy as a whole is told apart once one of them has renewed the lease.
  const clone = new TestMachine(t, 'a', join(rootOf(t), 'clone'));
  const recordOf = (folder: string): string => readFileSync(join(folder, 'lease.json'), 'utf8');
  writeFileSync(clone.record, recordOf(a.folder).replaceAll(a.folder, clone.folder));
  clone.boot = 'boot 2';
  pass(20 * minuteMs, store, a, clone);
  await a.own(store);
  t.match(await clone.take(store), { kind: 'standby' });
});

t.test('two programs on one target share the lease', async (t) => {
  const store = new MemoryStore();
  const a = new TestMachine(t, 'a');
  t.match(await a.take(store, { mayTake: false }), { reason: /no machine publishes there yet/ });
  const run = await a.own(store);
  pass(20 * minuteMs, store, a);
  const logs = await a.own(store, { mayTake: false });
  store.requests.length = 0;
  await run.renew();
  t.same(store.requests, [], 'the other one has just renewed it');
  pass(20 * minuteMs, store, a);
  t.equal(refusal(run), '');
  await Promise.all([run.renew(), logs.renew(), logs.renew()]);
  t.same(store.requests, ['PUT lease.json']);
  const b = new TestMachine(t, 'b');
  t.match(await b.take(store, { mayTake: false }), { kind: 'standby', reason: /: a publishes/ });
  pass(hourMs, store, a, b);
  t.match(await b.take(store, { mayTake: false }), { reason: /: a publishes.* pep381run takes over/ });
});

t.test('the lease is renewed in the background when a third of it has gone', async (t) => {
  const store = new MemoryStore();
  const a = new TestMachine(t, 'a');
  await a.own(store);
  store.requests.length = 0;
  const end = a.clock.now() + 3 * hourMs;
  /** Lets time pass while the lease sleeps. */
  const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    if (a.clock.now() > end) stopping = lease.stop();
    await a.clock.sleep(ms, signal);
    a.upMs += ms;
    store.clock.advance(ms);
    t.equal(refusal(lease), '');
  };
  let stopping: Promise<void> | undefined;
  const lease = await a.own(store, { clock: { now: () => a.clock.now(), random: () => 0, sleep } });
  lease.keep();
  while (stopping === undefined) await new Promise((resolve) => setImmediate(resolve));
  await stopping;
  t.ok(store.requests.length >= 17 && store.requests.length <= 20, `${store.requests.length} renewals in three hours`);
  t.ok(store.requests.every((request) => request === 'PUT lease.json'));
});

t.test('a lease that somebody removed is lost', async (t) => {
  const store = new MemoryStore();
  const a = new TestMachine(t, 'a');
  const lease = await a.own(store);
  store.remove('lease.json');
  pass(11 * minuteMs, store, a);
  await lease.renew();
  t.match(refusal(lease), 'the lease was lost to somebody who removed lease.json');
});

t.test('what is no lease is told, and left alone', async (t) => {
  const store = new MemoryStore();
  for (const text of ['', '{}', '[]', '{"version": 2}', `{"version":1,"generation":1e99}`]) {
    store.put('lease.json', text);
    await t.rejects(new TestMachine(t, 'a').take(store), {
      name: 'StorageError',
      message: /: lease\.json is no lease of this version; if no other machine publishes into this bucket, remove it$/,
    });
    t.equal(store.text(), text);
  }
  const a = new TestMachine(t, 'a');
  writeFileSync(a.record, '{"id":');
  await t.rejects(a.take(store), { message: /lease\.json: cannot be read: .*; remove it: this machine then waits/ });
});

t.test('a store without conditions or without its time is refused', async (t) => {
  const store = new MemoryStore();
  store.keepsConditions = false;
  await t.rejects(new TestMachine(t, 'a').take(store), {
    message: /If-None-Match is not kept: .*; lease = false in \[storage\] does without: then no other machine may ever/,
  });
  t.equal(store.text(), '');
  const timeless = new MemoryStore();
  timeless.tellsDate = false;
  await t.rejects(new TestMachine(t, 'a').take(timeless), { message: /have no Date, .* lease = false in \[storage\]/ });
});

t.test(
  'of many machines at a real store exactly one takes the lease, and takes over',
  objectStoreOrReason(),
  async (t) => {
    const store = await openObjectStore(t);
    const machines = Array.from({ length: 6 }, (_, at) => new TestMachine(t, `host${at}`));
    const now = { now: () => Date.now(), random: () => 0.5, sleep: async () => {} };
    const buckets = machines.map(() => {
      const opened = new Map<EtagForm, LeaseBucket>();
      return (etagForm: EtagForm): LeaseBucket => {
        const bucket = opened.get(etagForm) ?? openBucketOf(t, store, { etagForm });
        opened.set(etagForm, bucket);
        return bucket;
      };
    });
    const bucket = openBucketOf(t, store);
    const short = { leaseMs: 3_000, graceMs: 0, clock: now };
    for (const generation of [1, 2]) {
      const taken = await Promise.all(
        machines.map((machine, at) => {
          // Nobody remembers anything.
          machine.boot = `boot ${generation}`;
          return takeLease(machine.options(buckets[at] ?? (() => bucket), short));
        }),
      );
      const owners = machines.filter((_, at) => taken[at]?.kind === 'owner');
      t.equal(owners.length, 1, taken.map((end) => (end.kind === 'owner' ? 'owner' : end.reason)).join('\n'));
      const [owner] = owners;
      t.match(JSON.parse((await bucket.read('lease.json'))?.body.toString() ?? ''), { generation, host: owner?.host });
      // The others have no record of the lease, and the one that had it is gone.
      machines.splice(
        machines.findIndex(({ host }) => host === owner?.host),
        1,
      );
      buckets.pop();
      if (generation === 1) await passed(bucket, 3_000 + 2_000);
    }
    t.same(
      (await pageOf(bucket)).map(({ key }) => key),
      ['lease.json'],
      'what the store was tried with is gone',
    );
  },
);

t.test('a real store refuses what was signed more than 15 minutes ago', objectStoreOrReason(), async (t) => {
  const store = await openObjectStore(t);
  const put = (minutes: number): Promise<unknown> => {
    const clock = new MovedClock();
    clock.movedMs = -minutes * minuteMs;
    return openBucketOf(t, store, { clock }).put('late', Buffer.from('x'), { contentType: 'text/plain' });
  };
  await t.rejects(put(15.5), { message: /RequestTimeTooSkewed.*behind the store's/ });
  await put(14);
});

/** Resolves when the store says that so many milliseconds have passed since the lease was written. */
async function passed(bucket: ReturnType<typeof openBucketOf>, ms: number): Promise<void> {
  for (;;) {
    const { modifiedMs = 0 } = (await bucket.head('lease.json')) ?? {};
    if ((bucket.answeredMs ?? 0) >= modifiedMs + ms) return;
    await delay(100);
  }
}

async function pageOf(bucket: ReturnType<typeof openBucketOf>): Promise<readonly { readonly key: string }[]> {
  for await (const { objects } of bucket.list('')) return objects;
  return [];
}

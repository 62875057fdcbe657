import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { testStateStore } from '../../fixtures/state-store-suite.ts';
import { named } from '../../fixtures/test-mirror.ts';

const clock = new FakeClock();
const wanted = named('alpha').map((name) => ({ name, displayName: 'alpha', serial: 1, removed: false }));

t.test('SqliteStateStore does what a StateStore must', async (t) => {
  testStateStore(t, (t, clock) => {
    const store = new SqliteStateStore(join(t.testdir(), 'state.db'), clock);
    t.teardown(() => store.close());
    return store;
  });
});

t.test('what was stored is there again after closing', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const first = new SqliteStateStore(path, clock);
  first.enqueue(wanted, { serial: 5 });
  first.close();
  const second = new SqliteStateStore(path, clock);
  t.equal(second.mirror().serial, 5);
  t.match(second.due(clock.now(), false, undefined, 10), [{ name: 'alpha' }]);
  second.close();
});

t.test('a store for a dry run forgets at the end all that was written', async (t) => {
  const path = join(t.testdir(), 'state.db');
  new SqliteStateStore(path, clock).close();
  const before = readFileSync(path);
  const store = new SqliteStateStore(path, clock, { discard: true });
  store.enqueue(wanted, { serial: 5 });
  const takeover = store.takeOverList();
  takeover.add(wanted);
  takeover.commit(5, {});
  t.match(store.totals(), { queued: 1 });
  store.close();
  t.ok(readFileSync(path).equals(before));
  const after = new SqliteStateStore(path, clock);
  t.same(after.mirror(), {});
  t.match(after.totals(), { queued: 0 });
  after.close();
});

t.test('a store for a dry run creates no file', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const store = new SqliteStateStore(path, clock, { discard: true });
  store.enqueue(wanted, { serial: 5 });
  t.equal(store.mirror().serial, 5);
  store.close();
  t.throws(() => readFileSync(path), { code: 'ENOENT' });
});

t.test('a database of a newer version is refused, and stays as it is', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const db = new Database(path);
  db.pragma('user_version = 99');
  db.close();
  t.throws(() => new SqliteStateStore(path, clock), StorageError);
  t.throws(() => new SqliteStateStore(path, clock), {
    message: /expected schema version \d+, found 99; .*another pep381client: use that one/,
  });
  const again = new Database(path);
  t.equal(again.pragma('user_version', { simple: true }), 99);
  again.close();
});

t.test('a file that is no database is refused, and the message says what to do', async (t) => {
  const path = join(t.testdir(), 'state.db');
  writeFileSync(path, 'This is no database. '.repeat(500));
  t.throws(() => new SqliteStateStore(path, clock), StorageError);
  t.throws(() => new SqliteStateStore(path, clock), { message: /state\.db: .*; move the file away: the next run/ });
});

t.test('a damaged database is noticed, and the message says what to do', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const store = new SqliteStateStore(path, clock);
  const many = Array.from({ length: 5000 }, (_, at) => named(`project-${at}`)).flat();
  store.enqueue(
    many.map((name) => ({ name, displayName: name, serial: 1, removed: false })),
    {},
  );
  store.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4096 * 4, bytes.length);
  writeFileSync(path, bytes);
  const damaged = () => {
    const store = new SqliteStateStore(path, clock);
    try {
      store.due(clock.now(), false, undefined, 10_000);
    } finally {
      store.close();
    }
  };
  t.throws(damaged, StorageError);
  t.throws(damaged, { message: /state\.db: .*; move the file away: the next run/ });
});

t.test('only the latest thousand runs are remembered', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const store = new SqliteStateStore(path, clock);
  for (let run = 0; run < 1010; run += 1) {
    store.history.record({ startedMs: run, finishedMs: run, exitCode: 0, summary: '' });
  }
  store.close();
  const db = new Database(path);
  t.same(db.prepare('SELECT count(*) AS runs, min(started) AS first FROM runs').get(), { runs: 1000, first: 10 });
  db.close();
});

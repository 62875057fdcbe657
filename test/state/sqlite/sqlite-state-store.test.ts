import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import type { ProjectName } from '../../../src/core/names.ts';
import type { WebPath } from '../../../src/core/paths.ts';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { noChange } from '../../../src/state/state-section.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { changeOf, mirrorState } from '../../fixtures/mirror-state.ts';
import { provideState } from '../../fixtures/new-state.ts';
import { testHeldProjects } from '../../fixtures/state/held-projects-suite.ts';
import { testIndexEntries } from '../../fixtures/state/index-entries-suite.ts';
import type { OpenStateStore } from '../../fixtures/state/opened-store.ts';
import { testPageHashes } from '../../fixtures/state/page-hashes-suite.ts';
import { testPlans } from '../../fixtures/state/plans-suite.ts';
import { testProvenanceRecords } from '../../fixtures/state/provenance-records-suite.ts';
import { testQueue } from '../../fixtures/state/queue-suite.ts';
import { testRemovalLog } from '../../fixtures/state/removal-log-suite.ts';
import { testRequirements } from '../../fixtures/state/requirements-suite.ts';
import { testRunHistory } from '../../fixtures/state/run-history-suite.ts';
import { testState } from '../../fixtures/state/state-store-suite.ts';
import { named } from '../../fixtures/test-mirror.ts';

const clock = new FakeClock();
const wanted = named('alpha').map((name) => ({ name, displayName: 'alpha', serial: 1, isRemovedUpstream: false }));

const open: OpenStateStore = (t, clock) => {
  const path = join(t.testdir(), 'state.db');
  provideState(path);
  const store = new SqliteStateStore(path, clock);
  t.teardown(() => store.close());
  return store;
};

const suites = {
  queue: testQueue,
  held: testHeldProjects,
  plans: testPlans,
  requirements: testRequirements,
  provenance: testProvenanceRecords,
  removals: testRemovalLog,
  pages: testPageHashes,
  indexEntries: testIndexEntries,
  history: testRunHistory,
  together: testState,
};
for (const [port, suite] of Object.entries(suites)) t.test(port, async (t) => suite(t, open));

t.test('what was stored is there again after closing', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const first = new SqliteStateStore(path, clock);
  first.queue.enqueue(wanted, changeOf({ serial: 5 }));
  first.close();
  const second = new SqliteStateStore(path, clock);
  t.equal(mirrorState(second).serial, 5);
  t.match(second.queue.due(clock.now(), false, undefined, 10), [{ name: 'alpha' }]);
  second.close();
});

t.test('a store for a dry run forgets at the end all that was written', async (t) => {
  const path = join(t.testdir(), 'state.db');
  new SqliteStateStore(path, clock).close();
  const before = readFileSync(path);
  const store = new SqliteStateStore(path, clock, { discard: true });
  store.queue.enqueue(wanted, changeOf({ serial: 5 }));
  const takeover = store.queue.compareList();
  takeover.add(wanted);
  takeover.commit(5, noChange);
  t.match(store.totals(), { queued: 1 });
  store.close();
  t.ok(readFileSync(path).equals(before));
  const after = new SqliteStateStore(path, clock);
  t.same(mirrorState(after), {});
  t.match(after.totals(), { queued: 0 });
  after.close();
});

t.test('a store for a dry run creates no file', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const store = new SqliteStateStore(path, clock, { discard: true });
  store.queue.enqueue(wanted, changeOf({ serial: 5 }));
  t.equal(mirrorState(store).serial, 5);
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
  store.queue.enqueue(many.map((name) => ({ name, displayName: name, serial: 1, isRemovedUpstream: false })));
  store.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4096 * 4, bytes.length);
  writeFileSync(path, bytes);
  const damaged = () => {
    const store = new SqliteStateStore(path, clock);
    try {
      store.queue.due(clock.now(), false, undefined, 10_000);
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

t.test('what belongs together is stored whole or not at all', async (t) => {
  const [alpha, beta] = named('alpha', 'beta') as [ProjectName, ProjectName];
  const project = (name: ProjectName, displayName = String(name)) => ({
    name,
    displayName,
    serial: 1,
    isRemovedUpstream: false,
  });
  const none = null as never;
  const path = (filename: string): WebPath => `packages/ab/cd/${'0'.repeat(60)}/${filename}` as WebPath;
  const file = (filename: string, size: number) => {
    return { path: path(filename), size, sha256: 'a'.repeat(64), metadataSha256: undefined, provenance: false };
  };
  const finished = (store: SqliteStateStore, name: ProjectName, status: string) => {
    const due = store.queue.entryOf(name);
    if (due === undefined) throw new Error(`${name} is not queued`);
    return { kind: 'published' as const, due, serial: 1, etag: undefined, status, drop: [] };
  };
  const removal = { project: alpha, path: undefined, sha256: undefined, at: 1, why: 'removed upstream' };
  const halves: Record<string, (store: SqliteStateStore) => void> = {
    finish: (store) => store.finish([finished(store, alpha, 'active'), finished(store, beta, none)]),
    enqueue: (store) =>
      store.queue.enqueue([project(named('new')[0] ?? alpha), project(beta, none)], changeOf({ serial: 9 })),
    hold: (store) => store.held.addFiles(alpha, [file('a.zip', 1), file('b.zip', none)]),
    unsettle: (store) => store.held.addPendingFiles(alpha, [path('a.zip'), {} as never]),
    requeue: (store) => store.queue.requeue(none, [path('held.zip')]),
    takeOver: (store) => store.removals.importRemovals([{ ...removal, why: none }, removal]),
    enqueueReplans: (store) =>
      store.plans.enqueueReplans([named('held')[0] ?? alpha, {} as never], changeOf({ serial: 9 })),
  };
  for (const [what, write] of Object.entries(halves)) {
    const store = new SqliteStateStore(':memory:', clock);
    const [held] = named('held') as [ProjectName];
    store.queue.enqueue(
      [held, alpha, beta].map((name) => project(name)),
      changeOf({ serial: 5 }),
    );
    store.held.addFiles(held, [file('held.zip', 1)]);
    store.finish([finished(store, held, 'active')]);
    const everything = () => ({
      mirror: mirrorState(store),
      totals: store.totals(),
      due: store.queue.due(clock.now(), false, undefined, 10),
      held: [alpha, beta, held].map((name) => [store.held.project(name), store.held.pendingFiles(name)]),
      removals: store.removals.latest(10),
    });
    const before = everything();
    t.throws(() => write(store), what);
    t.same(everything(), before, what);
    store.close();
  }
});

t.test('a project that is parked again by an earlier clock has waited since that time', async (t) => {
  const moved = new FakeClock();
  const store = new SqliteStateStore(':memory:', moved);
  const [alpha] = named('alpha') as [ProjectName];
  store.queue.enqueue([{ name: alpha, displayName: alpha, serial: 1, isRemovedUpstream: false }]);
  const since = (obstacle: 'absent' | 'stale'): number | undefined => {
    const due = store.queue.entryOf(alpha);
    if (due !== undefined) store.queue.park({ due, obstacle, reason: '', nextTry: moved.now() + 1 });
    return store.queue.entryOf(alpha)?.since;
  };
  const start = moved.now();
  t.equal(since('absent'), start);
  moved.advance(1000);
  t.equal(since('absent'), start, 'the same obstacle lasts');
  moved.advance(-5000);
  t.equal(since('absent'), start - 4000, 'nothing waits for a time to come');
  moved.advance(9000);
  t.equal(since('absent'), start - 4000);
  t.equal(since('stale'), start + 5000, 'another obstacle is new');
  store.close();
});

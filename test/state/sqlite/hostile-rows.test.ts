/** A state.db that somebody else has written: no row of it becomes a path, or a link on a page, that a mirror does not make. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { named } from '../../fixtures/test-mirror.ts';

const clock = new FakeClock();
const [alpha] = named('alpha');

/** A store in whose database `sql` was run with `values`. */
function open(t: Test, sql: string, ...values: unknown[]): SqliteStateStore {
  const path = join(t.testdir(), 'state.db');
  new SqliteStateStore(path, clock).close();
  const db = new Database(path);
  db.prepare(sql).run(...values);
  db.close();
  const store = new SqliteStateStore(path, clock);
  t.teardown(() => store.close());
  return store;
}

const folder = `packages/ab/cd/${'0'.repeat(60)}`;
const places = [
  '../../etc/passwd',
  '/etc/passwd',
  'simple',
  'index.html',
  'packages',
  folder,
  `${folder}/../a-1.0.zip`,
  `${folder}/index.html`,
  `${folder}/.htaccess`,
  `${folder}/a-1.0.zip\n`,
  `${folder}/a-1.0.zip/b-1.0.zip`,
  '',
];

t.test('a file is held only where a mirror puts files', async (t) => {
  if (alpha === undefined) throw new Error('alpha is a name');
  for (const path of places) {
    const sql = "INSERT INTO files (path, project, size, sha256, provenance) VALUES (?, 'alpha', 1, x'00', 0)";
    const store = open(t, sql, path);
    t.throws(() => store.held.project(alpha), StorageError, JSON.stringify(path));
    t.throws(() => store.held.project(alpha), /^state\.db: expected the place of a file, found .*--rebuild/);
  }
});

for (const name of ['../../etc', 'Alpha', '"><script>alert(1)</script>', 'a/b', '']) {
  t.test(`${JSON.stringify(name)} is no project, whatever the state says`, async (t) => {
    const queue = open(
      t,
      'INSERT INTO queue (name, display_name, serial, removed, since) VALUES (?, 1, 1, 1, 0)',
      name,
    );
    if (name !== '') {
      t.throws(() => queue.queue.due(clock.now(), false, undefined, 9), StorageError);
      t.throws(
        () => queue.queue.due(clock.now(), true, undefined, 9),
        /^state\.db: expected the name of a project, found/,
      );
    }
    const projects = open(
      t,
      "INSERT INTO projects (name, display_name, status, seen) VALUES (?, 'x', 'active', 0)",
      name,
    );
    if (name !== '') t.throws(() => projects.held.published(undefined, 9), StorageError);
    if (name !== '') t.throws(() => projects.plans.list(undefined, 9), StorageError);
    else t.same(projects.held.published(undefined, 9), [], 'what has no name is never met');
  });
}

t.test('what is said of the object store is numbers, or nothing', async (t) => {
  const good = '{"requests":{"put":1},"bytesSent":2,"bytesReceived":3,"retries":4}';
  const bad = ['', 'null', '[]', '{', '1', '{"requests":{}}', good.replace('1', '"<b>"'), good.replace('2', '-2')];
  for (const text of [
    ...bad,
    good.replace('{"put":1}', 'null'),
    good.replace('3', '1e99'),
    good.replace('4', 'true'),
  ]) {
    const store = open(t, 'INSERT INTO days VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?)', text);
    t.same(store.history.days(1e9, 9)[0]?.store, undefined, text);
    const usage = { requests: { put: 1 }, bytesSent: 1, bytesReceived: 1, retries: 0 };
    store.history.recordDay(86_400_000, usage);
    t.same(store.history.days(1e9, 9)[0]?.store, usage, 'and is counted anew');
  }
  const sql = 'INSERT INTO days VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?)';
  t.same(open(t, sql, good).history.days(1e9, 9)[0]?.store, JSON.parse(good));
});

import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { sha256Hex } from '../../../src/core/hash.ts';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { SqliteStatsStore } from '../../../src/state/sqlite/sqlite-stats-store.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { changeOf } from '../../fixtures/mirror-state.ts';
import { named } from '../../fixtures/test-mirror.ts';
import { schemaVersion1 } from './schema-version-1.ts';

const clock = new FakeClock();
const path = `packages/ab/cd/${'0'.repeat(60)}/a.whl`;

/** What a mirror that was left at version 1 may hold: a row of everything. */
const rows = `
  INSERT INTO mirror VALUES ('serial', '12'), ('upstream', '"https://index.example"'), ('scope', '"all"');
  INSERT INTO projects VALUES ('alpha', 'Alpha', 7, '"e"', 'archived', 1000);
  INSERT INTO files (path, project, size, sha256, metadata_sha256, provenance)
    VALUES ('${path}', 'alpha', 10, x'aa', x'bb', 1);
  INSERT INTO queue VALUES ('beta', 'Beta', 9, 1, 2000, 'failed', 3, 5000, 'because');
  INSERT INTO runs (started, finished, exit_code, summary) VALUES (1, 2, 0, 'fine');
  INSERT INTO stats_logs VALUES (1, 5, x'cc', 'access.log', 55, 66);
  INSERT INTO stats_days VALUES ('2026-01-01', 1, 0, 0);
  INSERT INTO stats_counts VALUES ('2026-01-01', 'a.whl', 'alpha', '[["pip/26.2",3],["uv/0.9",1]]'),
    ('2026-01-01', 'b.whl', 'beta', '[["uv/0.9",2]]');
  INSERT INTO stats_sums VALUES ('2026-01-01', 'python', '3.12', 4, 40);
`;

function makeVersion1(file: string): Record<string, unknown> {
  const db = new Database(file);
  db.exec(schemaVersion1);
  db.exec(rows);
  db.pragma('user_version = 1');
  const content = contentOf(db);
  db.close();
  return content;
}

/** Every row of every table, by table. */
function contentOf(db: Database.Database): Record<string, Record<string, unknown>[]> {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
  return Object.fromEntries(
    (tables as string[]).map((name) => [name, db.prepare(`SELECT * FROM ${name}`).all() as Record<string, unknown>[]]),
  );
}

t.test('a database of version 1 is brought up to date with everything in it', async (t) => {
  const file = join(t.testdir(), 'state.db');
  const before = makeVersion1(file);
  const store = new SqliteStateStore(file, clock);
  const [alpha, beta] = named('alpha', 'beta');
  t.match(alpha && store.held.project(alpha), {
    displayName: 'Alpha',
    serial: 7,
    status: 'archived',
    files: [{ size: 10 }],
  });
  t.match(beta && store.queue.entryOf(beta), {
    serial: 9,
    isRemovedUpstream: true,
    attempts: 3,
    replan: false,
    reason: 'because',
  });
  t.match(store.totals(), { projects: 1, files: 1, bytes: 10, queued: 1, parked: 1 });
  t.same(store.plans.list(undefined, 10), [{ name: 'alpha' }]);
  t.same([...store.requirements.all()], []);
  t.equal(store.plans.enqueueReplans(named('alpha')), 1, 'and does what version 2 can');
  store.finish(store.queue.due(clock.now(), false, undefined, 1).map((due) => ({ kind: 'unchanged', due })));
  store.close();

  const db = new Database(file);
  t.ok(Number(db.pragma('user_version', { simple: true })) > 1);
  t.equal(db.pragma('integrity_check', { simple: true }), 'ok');
  const {
    projects,
    plans,
    requires,
    removed,
    wants,
    unsettled,
    pages,
    page_buckets: buckets,
    seen_pages: seen,
    unproven,
    odd_files,
    proven,
    announced,
    changes,
    changed_entries,
    change_log: log,
    queue,
    runs,
    days,
    object_uploads: uploads,
    object_deletions: deletions,
    object_trash: trashDays,
    object_copies: copies,
    object_etags: etags,
    stats_counts: _counts,
    stats_logs: logs,
    stats_starts: starts,
    ...after
  } = contentOf(db);
  const {
    projects: projectsBefore,
    queue: queueBefore,
    runs: runsBefore,
    stats_counts: _before,
    stats_logs: logsBefore,
    ...restBefore
  } = before;
  t.same(after, restBefore, 'nothing else was touched');
  t.match(projects, projectsBefore === undefined ? [] : [{ name: 'alpha', etag: '"e"', status: 'archived' }]);
  t.match(queue, queueBefore);
  t.match(runs, runsBefore);
  t.match(logs, logsBefore ?? []);
  t.match(logs, [{ before_bytes: null, before_sha256: null }]);
  const added = [
    plans,
    requires,
    removed,
    wants,
    unsettled,
    unproven,
    odd_files,
    announced,
    changes,
    changed_entries,
    starts,
    seen,
    days,
    uploads,
    deletions,
    trashDays,
    copies,
    etags,
  ];
  t.same(added, Array(18).fill([]));
  t.match(log, [{ id: /^[0-9a-f]{32}$/ }], 'changes are told from here on');
  t.same(proven, [{ provenance: 1, files: 1 }], 'files that were held before are counted');
  const bucket = Number.parseInt(sha256Hex(Buffer.from('alpha')).slice(0, 3), 16);
  t.same(pages, [{ bucket, project: 'alpha', json: null, html: null, upstream: null }], 'its pages are to be hashed');
  t.match(buckets, [{ bucket }]);
  db.close();
  new SqliteStateStore(file, clock).close();
  const stats = new SqliteStatsStore(file);
  t.same(
    [...stats.downloads('2026-01-01')],
    [
      { project: 'alpha', filename: 'a.whl', agent: 'pip/26.2', count: 3 },
      { project: 'alpha', filename: 'a.whl', agent: 'uv/0.9', count: 1 },
      { project: 'beta', filename: 'b.whl', agent: 'uv/0.9', count: 2 },
    ],
    'what was counted and not published yet',
  );
  stats.close();
});

t.test('a database that was brought up to date has the tables of a new one', async (t) => {
  const folder = t.testdir();
  makeVersion1(join(folder, 'old.db'));
  const schemas = ['old.db', 'new.db'].map((name) => {
    new SqliteStateStore(join(folder, name), clock).close();
    const db = new Database(join(folder, name), { readonly: true });
    const found = db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name').all();
    db.close();
    return found;
  });
  t.same(schemas[0], schemas[1]);
});

t.test('a dry run over a database of version 1 leaves it at version 1', async (t) => {
  const file = join(t.testdir(), 'state.db');
  const before = makeVersion1(file);
  const store = new SqliteStateStore(file, clock, { discard: true });
  t.same(store.plans.list(undefined, 10), [{ name: 'alpha' }]);
  store.plans.enqueueReplans(named('alpha'), changeOf({ policy: 'x y' }));
  store.close();
  const db = new Database(file);
  t.equal(db.pragma('user_version', { simple: true }), 1);
  t.same(contentOf(db), before);
  db.close();
});

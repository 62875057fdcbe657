import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { SqliteStatsStore } from '../../../src/state/sqlite/sqlite-stats-store.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { changeOf, mirrorState } from '../../fixtures/mirror-state.ts';
import { testStatsStore } from '../../fixtures/stats-store-suite.ts';
import { named } from '../../fixtures/test-mirror.ts';

t.test('SqliteStatsStore does what a StatsStore must', async (t) => {
  testStatsStore(t, (t) => {
    const store = new SqliteStatsStore(join(t.testdir(), 'state.db'));
    t.teardown(() => store.close());
    return store;
  });
});

t.test('it works beside a store that a sync run has open, and sees what that holds', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const state = new SqliteStateStore(path, new FakeClock());
  const stats = new SqliteStatsStore(path);
  t.teardown(() => state.close());
  t.teardown(() => stats.close());
  const [alpha, beta] = named('alpha', 'beta');
  if (alpha === undefined || beta === undefined) throw new Error('names');
  const file = { path: 'packages/a/alpha-1.0.zip' as never, size: 1, sha256: '0'.repeat(64), provenance: false };
  state.held.addFiles(alpha, [{ ...file, metadataSha256: undefined }]);
  t.equal(stats.holderOf('packages/a/alpha-1.0.zip', 'alpha-1.0.zip', []), 'alpha', 'by the path');
  t.equal(stats.holderOf('packages/b/alpha-1.0.zip', 'alpha-1.0.zip', [beta, alpha]), 'alpha', 'by the name');
  t.equal(stats.holderOf('packages/b/x-alpha-1.0.zip', 'pha-1.0.zip', [alpha]), undefined, 'the whole name');
  stats.count({ id: undefined, head: Buffer.from('x'), series: '/log', position: 1, latest: 1 }, [], new Int32Array(0));
  state.set(changeOf({ serial: 5 }));
  t.equal(mirrorState(state).serial, 5);
});

t.test('it waits for a sync run that writes, instead of failing', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const stats = new SqliteStatsStore(path);
  t.teardown(() => stats.close());
  const script = `
    const db = require('better-sqlite3')(process.argv[1]);
    db.exec('BEGIN IMMEDIATE');
    process.stdout.write('locked');
    setTimeout(() => db.exec('COMMIT'), 300);`;
  const other = spawn(process.execPath, ['-e', script, path], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data');
  t.same([...stats.downloads('2026-11-22')], [], 'reading does not wait');
  t.equal(
    stats.count(
      { id: undefined, head: Buffer.from('x'), series: '/log', position: 1, latest: 1 },
      [],
      new Int32Array(0),
    ),
    1,
  );
  await once(other, 'close');
});

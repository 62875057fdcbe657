import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseConfigFile } from '../../../src/cli/config/config-file.ts';
import { settingsFrom } from '../../../src/cli/config/settings.ts';
import { renderStatus } from '../../../src/cli/inspect/render-status.ts';
import { type Status, statusOf } from '../../../src/cli/inspect/status.ts';
import { takeLock } from '../../../src/state/sqlite/lock.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { openTestMirror } from '../../fixtures/test-mirror.ts';
import { sampleIndex } from '../../sample/sample-projects.ts';
import { withReader } from './opened-reader.ts';

const noWork = { published: 0, removed: 0, files: 0, bytes: 0 };

const status: Status = {
  target: '/srv/pypi',
  upstream: 'https://pypi.org',
  serial: 123,
  projects: 1234,
  files: 56_789,
  bytes: 5 * 1024 ** 3,
  lastComplete: '2026-11-22T11:00:00Z',
  running: true,
  queued: 3,
  parked: 1,
  provenance: undefined,
  unmet: [],
  unmetCount: 0,
  oddFiles: 0,
  latestOdd: [],
  disk: { size: 2 * 1024 ** 4, free: 1024 ** 4 },
  runs: [
    {
      started: '2026-11-22T12:00:00.123Z',
      seconds: 75,
      exitCode: 1,
      summary: `1 project published, ${'word '.repeat(30)}`,
    },
    { started: '2026-11-22T11:00:00.123Z', seconds: 0.2, exitCode: 0, summary: '0 projects published' },
  ],
  longestParked: [
    {
      name: 'alpha',
      since: '2026-11-20T12:00:00.000Z',
      attempts: 12,
      reason: `https://pypi.org/simple/alpha/: ${'x'.repeat(150)}`,
      nextTry: '2026-11-23T12:00:00.000Z',
    },
  ],
  rules: [
    { rule: '/srv/pypi/mirror.toml:3 (numpy)', projects: 1, bytes: 4 * 1024 ** 3 },
    { rule: '/srv/pypi/mirror.toml:3 (dependencies)', projects: 1233, bytes: 1024 ** 3 },
  ],
  ruleCount: 2,
};

t.test('the status shows what a person has to look at', async (t) => {
  const [since, last] = ['2026-11-21T12:00:00.000Z', '2026-11-22T12:00:00.000Z'];
  const text = renderStatus({
    ...status,
    heldBack: 51,
    alarms: [{ since, last, message: 'upstream lies' }],
    recentAlarms: 1,
    lastCheck: { finished: last, exitCode: 1, findings: 2 },
  }).join('\n');
  t.match(text, 'Held back  deletions of 51 projects; to let them go: pep381run --allow-deletions 51 /srv/pypi\n');
  t.match(text, 'Check      ended 2026-11-22T12:00Z with 2 findings\n');
  const share = { finished: last, exitCode: 0, findings: 0, earlierFindings: 1 };
  t.match(
    renderStatus({ ...status, lastCheck: share }).join('\n'),
    'no findings; 1 finding in other shares within a week\n',
  );
  t.match(text, 'Alarm since        last               what\n2026-11-21T12:00Z  2026-11-22T12:00Z  upstream lies\n');
  const known = renderStatus({ ...status, recentAlarms: 2 }).join('\n');
  t.match(known, '\n2 alarms in a day; only its owner may read which\n');
});

t.test('the status is a few aligned tables', async (t) => {
  const text = renderStatus(status);
  t.same(text.slice(0, 8), [
    'Mirror    /srv/pypi',
    'Upstream  https://pypi.org',
    'Held      1,234 projects, 56,789 files, 5.0 GiB',
    'Serial    123',
    'Complete  as of 2026-11-22T11:00Z',
    'Now       a run is at work',
    'Queue     3 projects, 1 of them parked',
    'Disk      1.0 TiB free of 2.0 TiB',
  ]);
  t.same(text.slice(8, 10), ['', 'Last runs                took  exit  summary']);
  t.ok(text.includes('2026-11-22T11:00Z       0.2 s     0  0 projects published'));
  t.same(text.slice(-3), [
    '  Bytes  projects  rule',
    '4.0 GiB         1  mirror.toml:3 (numpy)',
    '1.0 GiB     1,233  mirror.toml:3 (dependencies)',
  ]);
});

t.test('no line of the status has 100 columns, and nothing is cut', async (t) => {
  const text = renderStatus(status);
  t.same(
    text.filter((line) => line.length >= 100),
    [],
  );
  t.equal(text.join(' ').match(/word/g)?.length, 30);
  t.equal(text.join('').match(/x/g)?.length, 150 + 1 + 1, 'of which two are in exit and next');
});

t.test('projects that are not listed are counted, and those that the next run tries have no time', async (t) => {
  const due = status.longestParked.map((parked) => ({ ...parked, nextTry: undefined }));
  const odd = { project: 'beta', filename: 'x.zip', problem: 'odd', since: '2026-11-20T12:00:00Z', nextTry: undefined };
  const more = { parked: 91, longestParked: due, oddFiles: 1235, latestOdd: [odd], ruleCount: 3 };
  const text = renderStatus({ ...status, ...more });
  t.same(
    text.filter((line) => line.startsWith('and ')),
    ['and 90 more', 'and 1,234 more', 'and 1 more'],
  );
  t.ok(text.some((line) => /^2026-11-20T12:00Z {2}next run +12 {2}alpha: /.test(line)));
});

t.test('the status of a mirror that was never complete lists nothing', async (t) => {
  const { serial: _, lastComplete: __, ...rest } = status;
  const fresh = { ...rest, serial: undefined, lastComplete: undefined, running: false };
  const text = renderStatus({ ...fresh, runs: [], longestParked: [], rules: [] });
  t.equal(text.length, 8);
  t.same(text.slice(3, 6), ['Serial    none yet', 'Complete  not yet', 'Now       no run is at work']);
});

t.test('the status of a real mirror says what is held, what waits and what the rules cost', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const policy = policyFrom('projects = ["sample-app", "sample-pre", "nothing-there"]\ndependencies = true');
  await mirror.run({ policy });
  const found = await withReader(mirror, undefined, statusOf);
  t.match(found, {
    target: mirror.target,
    upstream: mirror.server.url,
    serial: mirror.index.serial,
    projects: 3,
    queued: 1,
    parked: 1,
    running: false,
    longestParked: [{ name: 'nothing-there', attempts: 1, reason: /does not exist/ }],
  });
  t.same(
    found.rules.map(({ rule, projects }) => `${rule} ${projects}`),
    ['mirror.toml:1 (sample-pre) 1', 'mirror.toml:1 (dependencies) 1', 'mirror.toml:1 (sample-app) 1'],
  );
  t.equal(
    found.rules.reduce((sum, { bytes }) => sum + bytes, 0),
    found.bytes,
  );
  t.equal(found.lastComplete, new Date(mirror.clock.now()).toISOString().replace(/\.\d+/, ''));
  t.ok(found.disk.free > 0 && found.disk.free <= found.disk.size);
});

t.test('a mirror in an object store says where it is, and what was asked of it', async (t) => {
  const usage = { requests: { put: 10, head: 2 }, bytesSent: 34_000, bytesReceived: 0, retries: 0 };
  const lastDays = {
    requests: { put: 45_000, get: 678 },
    bytesSent: 12 * 2 ** 30,
    bytesReceived: 3 * 2 ** 20,
    retries: 9,
  };
  const where = 's3://pypi-mirror/mirror';
  const text = (store: Status['store']) => renderStatus({ ...status, store }).join('\n');
  t.match(
    text({ where, lastRun: usage, lastDays }),
    `\nStore     ${where}\nRequests  12 in the last run, 33 KiB sent, 0 B received\n` +
      '          45,678 in 30 days, 12 GiB sent, 3.0 MiB received; 9 repeated\n',
  );
  t.match(text({ where }), `\nStore     ${where}\n\n`, 'before the first run');
  t.notMatch(text(undefined), 'Store');
});

t.test('requests of the last thirty days are those of all runs, and of the last run its own', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const { storage } = settingsFrom(parseConfigFile('[storage]\nbucket = "pypi"\nprefix = "a/b"\n', 'x').given);
  const usage = { requests: { put: 1 }, bytesSent: 5, bytesReceived: 0, retries: 0 };
  t.same((await withReader(mirror, undefined, statusOf, { storage })).store, { where: 's3://pypi/a/b' });
  const dayMs = 86_400_000;
  mirror.remembered(({ history }) => {
    const results = history.latest(1)[0]?.results ?? { serial: 1, completedAt: 1, queued: 0, parked: 0, ...noWork };
    for (const age of [31, 29, 1, 0]) {
      const finishedMs = mirror.clock.now() - age * dayMs;
      history.record({
        startedMs: finishedMs,
        finishedMs,
        exitCode: 0,
        summary: '',
        results: { ...results, store: usage },
      });
    }
  });
  const found = await withReader(mirror, undefined, statusOf, { storage });
  t.match(found.store, { lastRun: usage, lastDays: { requests: { put: 3 }, bytesSent: 15 } });
  t.same(found.runs[0]?.store, usage);
  t.equal((await withReader(mirror, undefined, statusOf)).store, undefined, 'a mirror that has left its store');
});

t.test('a run in progress is detected by its lock', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mkdirSync(join(mirror.target, 'lock'));
  const release = takeLock(join(mirror.target, 'lock', 'run.db'));
  t.equal((await withReader(mirror, undefined, statusOf)).running, true);
  release?.();
  t.equal((await withReader(mirror, undefined, statusOf)).running, false);
});

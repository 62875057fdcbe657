/** Days are published when they are complete: none is lost and none counted twice, however the logs are rotated. */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bzip2 } from '../../src/cli/logs/bzip2.ts';
import { localStatsPath } from '../../src/core/paths.ts';
import { FilesystemFileStore } from '../../src/files/filesystem/filesystem-file-store.ts';
import { SqliteStateStore } from '../../src/state/sqlite/sqlite-state-store.ts';
import { processLogs } from '../../src/stats/process-logs.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { named } from '../fixtures/test-mirror.ts';
import { logLine, logOf, pathOf } from './log-text.ts';
import { TestStats } from './test-stats.ts';

const dayOf = (number: number): string => new Date(Date.UTC(2026, 10, number)).toISOString().slice(0, 10);

t.test('without a memory the oldest and the newest day are left out, as in 1.5', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)], 2));
  t.same((await stats.run('pypi.log')).published, [dayOf(2)]);
  t.same(await stats.counts(), { [dayOf(2)]: 2 });
});

t.test('why nothing was published is said', async (t) => {
  const stats = new TestStats(t);
  await stats.write('empty.log', '');
  t.match((await stats.run('empty.log')).notices, ['Nothing published: no line of the logs tells a time.']);
  await stats.write('pypi.log', logOf([dayOf(1)]));
  t.match((await stats.run('pypi.log')).notices, [/^Nothing published: 2026-11-01 is the only day/]);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2)]));
  t.match((await stats.run('pypi.log')).notices, [/^Nothing published yet: 2026-11-01 may have begun/]);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)]));
  await stats.run('pypi.log');
  t.match((await stats.run('pypi.log')).notices, [/^Nothing new to publish: 2026-11-03 may still go on/]);
});

t.test('logs that are rotated every night: every day but the first is published once, and whole', async (t) => {
  const stats = new TestStats(t);
  for (let day = 1; day <= 12; day += 1) {
    // As logrotate does with delaycompress: .1 is plain, .2.gz compressed.
    if (day > 2) {
      await stats.write('pypi.log.2.gz', stats.text('pypi.log.1'));
      stats.remove('pypi.log.1');
    }
    if (day > 1) {
      // What began before midnight may be logged after it.
      appendFileSync(stats.path('pypi.log'), logOf([dayOf(day - 1)], 3));
      renameSync(stats.path('pypi.log'), stats.path('pypi.log.1'));
    }
    await stats.write('pypi.log', logOf([dayOf(day)], day));
    const { published, failures } = await stats.run('pypi.log', ...(day > 1 ? ['pypi.log.1'] : []));
    t.same(failures, []);
    t.same(published, day > 2 ? [dayOf(day - 1)] : [], `morning of ${dayOf(day)}`);
  }
  const expected = Array.from({ length: 10 }, (_, index) => [dayOf(index + 2), index + 2 + 3]);
  t.same(await stats.counts(), Object.fromEntries(expected));
});

t.test('the same logs again, in any order and packing, change no byte', async (t) => {
  const older =
    logOf([dayOf(1), dayOf(2), dayOf(3)], 5) + logLine({ at: dayOf(3), agent: 'uv/0.9', file: 'bar-2.0.zip' });
  const newer = logOf([dayOf(3), dayOf(4), dayOf(5)], 7);
  const names = [
    ['pypi.log.1', 'pypi.log'],
    ['pypi.log', 'pypi.log.1'],
    ['pypi.log.1.gz', 'pypi.log'],
    ['pypi.log', 'pypi.log.1.bz2'],
  ];
  const results: unknown[] = [];
  for (const order of names) {
    const stats = new TestStats({ testdir: () => t.testdir() });
    for (const name of order) await stats.write(name, name.includes('.1') ? older : newer);
    await stats.run(...order);
    const first = stats.published();
    await stats.run(...order);
    await stats.run(...[...order].reverse());
    t.same(stats.published(), first, `${order} again`);
    t.same(await stats.counts(), { [dayOf(2)]: 5, [dayOf(3)]: 13, [dayOf(4)]: 7 });
    results.push(first);
  }
  for (const result of results) t.same(result, results[0]);
});

t.test('a log given twice, compressed and not, is counted once', async (t) => {
  const stats = new TestStats(t);
  const text = logOf([dayOf(1), dayOf(2), dayOf(3)], 3);
  await stats.write('pypi.log.1', text);
  await stats.write('pypi.log.1.gz', text);
  await stats.run('pypi.log.1', 'pypi.log.1.gz');
  t.same(await stats.counts(), { [dayOf(2)]: 3 });
});

t.test('a log that grows by pieces of lines is counted line by line', async (t) => {
  const stats = new TestStats(t);
  const text = logOf([dayOf(1), dayOf(2), dayOf(3)], 3);
  for (let end = 0; end < text.length + 50; end += 50) {
    await stats.write('pypi.log', text.slice(0, end));
    await stats.run('pypi.log');
  }
  t.same(await stats.counts(), { [dayOf(2)]: 3 });
  t.equal(stats.summary().lines.read, 9);
});

t.test('a last line without an end counts, and is not counted again when its end comes', async (t) => {
  const stats = new TestStats(t);
  const text = logOf([dayOf(1), dayOf(2), dayOf(3)]);
  const second = logOf([dayOf(1), dayOf(2)]);
  await stats.write('pypi.log', second.trimEnd());
  await stats.run('pypi.log');
  await stats.write('pypi.log', text);
  await stats.run('pypi.log');
  t.same(await stats.counts(), { [dayOf(2)]: 1 });
  t.equal(stats.summary().lines.read, 3);
});

t.test('a run that was missed loses nothing: the logs in between are found', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2)], 2));
  await stats.run('pypi.log', 'pypi.log');
  await stats.write('pypi.log.3.gz', logOf([dayOf(1), dayOf(2)], 2) + logOf([dayOf(2)], 5));
  await stats.write('pypi.log.2.gz', logOf([dayOf(3)], 4));
  await stats.write('pypi.log.1', logOf([dayOf(4)], 6));
  await stats.write('pypi.log', logOf([dayOf(5)]));
  const { notices } = await stats.run('pypi.log', 'pypi.log.1');
  t.same(notices, []);
  t.same(await stats.counts(), { [dayOf(2)]: 7, [dayOf(3)]: 4, [dayOf(4)]: 6 });
});

t.test('a log that is gone before it was read to its end is told', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2)], 2));
  await stats.run('pypi.log');
  await stats.write('pypi.log', logOf([dayOf(3), dayOf(4)]));
  const { failures, published } = await stats.run('pypi.log');
  t.match(failures, [/pypi\.log: the log that was read until 2026-11-02T12:00Z is gone/]);
  t.same(published, [dayOf(2), dayOf(3)]);
});

t.test('a line that comes late is added to its day, which is published anew', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)]));
  await stats.run('pypi.log');
  appendFileSync(stats.path('pypi.log'), logOf([dayOf(2)]));
  t.same((await stats.run('pypi.log')).published, [dayOf(2)]);
  t.same(await stats.counts(), { [dayOf(2)]: 2 });
});

t.test('a published day never shrinks, also when the memory was lost', async (t) => {
  const stats = new TestStats(t);
  const files = new FilesystemFileStore(stats.target, new FakeClock());
  files.create();
  const body = await bzip2.compress(Buffer.from('foo,foo-1.0.tar.gz,raw agent,900\r\n'));
  await files.publish([{ path: localStatsPath(dayOf(2)), body }]);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)]));
  const { published, notices } = await stats.run('pypi.log');
  t.same(published, []);
  t.match(notices[0], /^2026-11-02 is left as it was published/);
  t.same(await stats.counts(), { [dayOf(2)]: 900 });
});

t.test('a day is closed a week later; what comes after that is not counted', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf(Array.from({ length: 12 }, (_, index) => dayOf(index + 1))));
  await stats.run('pypi.log');
  const before = await stats.counts();
  await stats.write('other.log', logOf([dayOf(2)], 5));
  const { failures } = await stats.run('other.log');
  t.match(failures, [/other\.log: lines are not counted, as their days .* are closed: 5$/]);
  t.same(await stats.counts(), before);
  t.equal(stats.summary().lines.skipped.closed, 5);
});

t.test('the day is that of the line in UTC', async (t) => {
  const stats = new TestStats(t);
  const text = logLine({ at: '02/Nov/2026:23:30:00 -0500' }) + logLine({ at: '03/Nov/2026:00:30:00 +0200' });
  await stats.write('pypi.log', logOf([dayOf(1)]) + text + logOf([dayOf(4)]));
  await stats.run('pypi.log');
  t.same(await stats.counts(), { [dayOf(2)]: 1, [dayOf(3)]: 1 });
});

t.test('a download counts once, whatever else is asked for', async (t) => {
  const stats = new TestStats(t);
  const at = dayOf(2);
  const lines = [
    logLine({ at }),
    logLine({ at, method: 'HEAD' }),
    logLine({ at, status: 304 }),
    logLine({ at, status: 404 }),
    logLine({ at, file: 'foo-1.0.tar.gz.metadata' }),
    logLine({ at, file: 'foo-1.0.tar.gz.provenance' }),
    logLine({ at, file: '/simple/foo/' }),
    'no line of a log\n',
    `${'x'.repeat(70_000)}\n`,
  ];
  await stats.write('pypi.log', logOf([dayOf(1)]) + lines.join('') + logOf([dayOf(3)]));
  await stats.run('pypi.log');
  t.same(await stats.counts(), { [at]: 1 });
  const { read, counted, skipped } = stats.summary().lines;
  t.same(
    { read, counted, skipped },
    {
      read: 11,
      counted: 3,
      skipped: { address: 1, method: 1, 'no-file': 2, status: 2, 'too-long': 1, unreadable: 1 },
    },
  );
});

t.test('a part counts when it begins a download: the first one that a client is sent in ten minutes', async (t) => {
  const stats = new TestStats(t);
  const part = (time: string, client = '192.0.2.1', status = 206): string =>
    logLine({ at: `${dayOf(2)}T${time}`, status, client });
  const lines = [
    part('10:00:00'),
    part('10:05:00'),
    part('10:14:59'),
    part('10:25:00'),
    part('10:25:01', '192.0.2.2'),
    part('11:00:00', '192.0.2.3', 200),
    part('11:00:30', '192.0.2.3'),
  ];
  await stats.write('pypi.log', logOf([dayOf(1)]) + lines.join('') + logOf([dayOf(3)]));
  await stats.run('pypi.log');
  t.same(await stats.counts(), { [dayOf(2)]: 4 });
  t.equal(stats.summary().lines.skipped.continued, 3);
});

t.test('a download that goes on in the next run is counted once', async (t) => {
  const stats = new TestStats(t);
  const part = (time: string, status = 206): string => logLine({ at: `${dayOf(2)}T${time}`, status });
  const lines = [logOf([dayOf(1)]), part('10:00:00', 200), part('10:05:00'), part('10:14:59'), part('10:25:00')];
  for (const count of lines.keys()) {
    await stats.write('pypi.log', lines.slice(0, count + 1).join(''));
    await stats.run('pypi.log');
  }
  await stats.write('pypi.log.1', lines.join(''));
  await stats.write('pypi.log', logOf([dayOf(3)]));
  await stats.run('pypi.log.1', 'pypi.log');
  t.same(await stats.counts(), { [dayOf(2)]: 2 });
  t.equal(stats.summary().lines.skipped.continued, 2);
});

t.test('the project is that of the database, by the path or the name of the file, and else of the name', async (t) => {
  const stats = new TestStats(t);
  const state = new SqliteStateStore(join(stats.target, 'state.db'), new FakeClock());
  const [odd, dashed] = named('odd-name', 'my-tool-1');
  const held = { size: 1, sha256: 'a'.repeat(64), metadataSha256: undefined, provenance: false };
  if (odd === undefined || dashed === undefined) throw new Error('names');
  state.held.addFiles(odd, [{ ...held, path: pathOf('x+y-1.0.zip').slice(1) as never }]);
  state.held.addFiles(dashed, [{ ...held, path: `packages/${pathOf('my-tool-1-2.0.zip').slice(13)}` as never }]);
  state.close();
  const files = ['x%2By-1.0.zip', '/packages/source/m/my-tool-1/my-tool-1-2.0.zip', 'Bar.Baz-1.0-py3-none-any.whl'];
  const lines = files.map((file) => logLine({ at: dayOf(2), file })).join('');
  await stats.write('pypi.log', logOf([dayOf(1)]) + lines + logOf([dayOf(3)]));
  await stats.run('pypi.log');
  t.same(await stats.csv(dayOf(2)), [
    'bar-baz,Bar.Baz-1.0-py3-none-any.whl,pip/26.2,1',
    'my-tool-1,my-tool-1-2.0.zip,pip/26.2,1',
    'odd-name,x+y-1.0.zip,pip/26.2,1',
  ]);
});

t.test('a log that cannot be read keeps none of the others', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)]));
  writeFileSync(stats.path('broken.gz'), Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  const { published, failures } = await stats.run('missing.log', 'broken.gz', '.', 'pypi.log');
  t.same(published, [dayOf(2)]);
  t.match(failures, [
    /missing\.log: no such file$/,
    /broken\.gz: cannot be read: /,
    /: cannot be read: it is no regular file$/,
  ]);
  t.equal(failures.length, 3);
});

t.test('a compressed log that is cut off counts as far as it goes, and is told until it is whole', async (t) => {
  for (const name of ['pypi.log.1.gz', 'pypi.log.1.bz2']) {
    const stats = new TestStats({ testdir: () => t.testdir() });
    // Three blocks of bzip2.
    const lines = Array.from({ length: 1200 }, (_, at) => logLine({ at: dayOf(2), file: `foo-${at}.zip` }));
    await stats.write(name, [logOf([dayOf(1)]), ...lines, logOf([dayOf(3)])].join(''));
    await stats.write('pypi.log', logOf([dayOf(3)]));
    const whole = readFileSync(stats.path(name));
    for (const part of [12 / whole.length, 0.9]) {
      writeFileSync(stats.path(name), whole.subarray(0, whole.length * part));
      const { failures } = await stats.run('pypi.log', name);
      t.equal(failures.length, 1, name);
      t.match(failures[0], `${name}: is cut off, and the lines behind are not counted; `);
    }
    t.ok(stats.summary().lines.read > 400, `${stats.summary().lines.read} lines of ${name}`);
    writeFileSync(stats.path(name), whole);
    t.same((await stats.run('pypi.log', name)).failures, []);
    t.same(await stats.counts(), { [dayOf(2)]: 1200 });
  }
});

/** A tenth of a log's lines, or of those about files where they are few beside pages. */
const formats: readonly (readonly [what: string, text: string, told: string | undefined])[] = [
  ['JSON', '{"path": "/packages/a.whl", "status": 200}\n'.repeat(3), '3 of 3'],
  ['an error log', '[Sun Nov 22 15:09:45.123 2026] [core:error] [pid 1:tid 2] AH00126: x\n', '1 of 1'],
  ['the format common', logOf(['2026-11-02'], 20).replaceAll(' "-" "pip/26.2"', ''), '20 of 20'],
  [
    'the format common, and pages',
    logLine({ at: '2026-11-02', file: '/simple/foo/' }).repeat(900) +
      logOf(['2026-11-02'], 11).replaceAll(' "-" "pip/26.2"', ''),
    '11 of 911',
  ],
  ['a duration before the request', logOf(['2026-11-02'], 5).replaceAll('] "GET', '] 1234 "GET'), '5 of 5'],
  ['a change of the format', `${logOf(['2026-11-02'], 8)}{}\n`, '1 of 9'],
  ['some that are damaged', logOf(['2026-11-02'], 30) + 'no line\n'.repeat(3), undefined],
  [
    'what attackers send',
    ['GET /packages/a b c HTTP/1.1', 'GET /packages/x', '\\x16\\x03\\x01', '-', 'GET /packages/\\" HTTP/1.1']
      .map((request) => `192.0.2.1 - - [02/Nov/2026:12:00:00 +0000] "${request}" 400 226 "-" "-"\n`)
      .join(''),
    undefined,
  ],
  ['one line without end', 'x'.repeat(300_000), '1 of 1'],
  ['nothing', '', undefined],
];

for (const [what, text, told] of formats) {
  t.test(`lines that cannot be counted are told where they are many, once: ${what}`, async (t) => {
    const stats = new TestStats(t);
    await stats.write('pypi.log', text);
    const line = `${stats.path('pypi.log')}: ${told} lines cannot be counted: they are not in Apache's format combined, or damaged`;
    t.same((await stats.run('pypi.log')).failures, told === undefined ? [] : [line]);
    t.same((await stats.run('pypi.log')).failures, []);
  });
}

t.test('what stands behind the end of a compressed log is told, and what is before it counts, once', async (t) => {
  const stats = new TestStats(t);
  await stats.write('whole.gz', logOf([dayOf(1)], 2) + logOf([dayOf(2)], 3));
  const text = Buffer.from(logOf([dayOf(2)]));
  writeFileSync(stats.path('pypi.log.2.gz'), Buffer.concat([readFileSync(stats.path('whole.gz')), text]));
  await stats.write('pypi.log', logOf([dayOf(3)]));
  const { failures } = await stats.run('pypi.log.2.gz', 'pypi.log');
  t.match(failures, [/pypi\.log\.2\.gz: is damaged: behind the end .* there is something else, which is not counted$/]);
  t.same(await stats.counts(), { [dayOf(2)]: 3 });
  t.match((await stats.run('pypi.log.2.gz', 'pypi.log')).failures, { length: 1 }, 'as long as it is given');
  t.same(await stats.counts(), { [dayOf(2)]: 3 });
  t.match(stats.summary().lines, { counted: 6 });
});

t.test('the one log before is found by what scripts call it, when a run was missed', async (t) => {
  for (const name of ['pypi.log.old', 'pypi.log.bak', 'pypi.log-prev', 'pypi.log-Fri', 'pypi.log.Fri.gz']) {
    const stats = new TestStats(t);
    await stats.write('pypi.log', logOf([dayOf(1), dayOf(2)]));
    await stats.run('pypi.log');
    await stats.write(name, logOf([dayOf(1), dayOf(2), dayOf(2)]));
    await stats.write('pypi.log', logOf([dayOf(3)]));
    t.same((await stats.run('pypi.log')).failures, [], name);
    t.same(await stats.counts(), { [dayOf(2)]: 2 }, name);
  }
});

t.test('the summary tells what an operator asks for', async (t) => {
  const stats = new TestStats(t);
  const agent = (version: string, python: string): string =>
    `pip/${version} ${JSON.stringify({ installer: { name: 'pip', version }, python, system: { name: 'Linux' } })}`;
  const lines = [
    logLine({ at: dayOf(2), agent: agent('26.2', '3.14.1').replaceAll('"', '\\"') }),
    logLine({ at: dayOf(2), agent: agent('26.2', '3.14.0').replaceAll('"', '\\"') }),
    logLine({ at: dayOf(2), agent: agent('25.3', '3.9.2').replaceAll('"', '\\"'), file: 'bar-1.0.zip' }),
    logLine({ at: dayOf(2), agent: 'curl/8' }),
  ];
  await stats.write('pypi.log', logOf([dayOf(1)]) + lines.join('') + logOf([dayOf(3)]));
  await stats.run('pypi.log');
  t.match(stats.summary(), {
    days: [{ day: dayOf(2), downloads: 4, bytes: 4000 }],
    projects: [
      { name: 'foo', downloads: 3 },
      { name: 'bar', downloads: 1 },
    ],
    files: [
      { name: 'foo-1.0.tar.gz', downloads: 3 },
      { name: 'bar-1.0.zip', downloads: 1 },
    ],
    installers: [
      {
        name: 'pip',
        downloads: 3,
        versions: [
          { version: '26.2', downloads: 2 },
          { version: '25.3', downloads: 1 },
        ],
      },
      { name: 'Browser', downloads: 1, versions: [] },
    ],
    python: [
      { name: '3.14', downloads: 2 },
      { name: '3.9', downloads: 1 },
      { name: 'unknown', downloads: 1 },
    ],
    systems: [
      { name: 'Linux', downloads: 3 },
      { name: 'unknown', downloads: 1 },
    ],
  });
});

t.test('a run that dies at any step is made good by the next one', async (t) => {
  const text = logOf([dayOf(1), dayOf(2), dayOf(3), dayOf(4)], 3);
  const whole = new TestStats({ testdir: () => t.testdir() });
  await whole.write('pypi.log', text);
  await whole.run('pypi.log');
  const expected = whole.published();
  let steps = 0;
  for (let deadly = 1; steps >= deadly - 1; deadly += 1) {
    const stats = new TestStats({ testdir: () => t.testdir() });
    await stats.write('pypi.log', text);
    const { job, close } = stats.open();
    steps = 0;
    const dying = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]): unknown => {
            steps += 1;
            if (steps === deadly) throw new Error('killed');
            return Reflect.apply(value, target, args) as unknown;
          };
        },
      });
    const dyingJob = { ...job, state: dying(job.state), files: dying(job.files), bzip2: dying(job.bzip2) };
    const ended = await processLogs([stats.path('pypi.log')], dyingJob).catch((error: Error) => error.message);
    close();
    // Within a transaction the store has told which database it was.
    if (typeof ended === 'string' && ended.endsWith('killed')) await stats.run('pypi.log');
    t.same(stats.published(), expected, `killed at step ${deadly}`);
  }
  t.ok(steps > 10, `${steps} steps`);
});

t.test('a line of a year to come, from a wrong clock, leaves all other days as they are', async (t) => {
  const stats = new TestStats(t);
  const wrong = ['', '/simple/'].map((file) => logLine({ at: '22/Nov/2046:12:00:00 +0000', ...(file && { file }) }));
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)]) + wrong.join('') + logOf([dayOf(4)]));
  const { notices } = await stats.run('pypi.log');
  t.match(notices, [/pypi\.log: lines are skipped whose day is later than tomorrow by this machine's clock: 2$/]);
  t.same(await stats.counts(), { [dayOf(2)]: 1, [dayOf(3)]: 1 });
  await stats.write('pypi.log', stats.text('pypi.log') + logOf([dayOf(3), dayOf(4), dayOf(5)]));
  await stats.run('pypi.log');
  t.same(await stats.counts(), { [dayOf(2)]: 1, [dayOf(3)]: 2, [dayOf(4)]: 2 });
  const { days, lines } = stats.summary();
  t.match(days, [{ day: dayOf(2) }, { day: dayOf(3) }, { day: dayOf(4) }]);
  t.match(lines, { read: 9, counted: 7, skipped: { future: 2 } });
  stats.remove('pypi.log');
  await stats.write('pypi.log', logOf([dayOf(6)]));
  t.match((await stats.run('pypi.log')).failures, [/the log that was read until 2026-11-05T12:00Z is gone/]);
});

t.test('a day to come that was remembered once does not end the days before it', async (t) => {
  const stats = new TestStats(t);
  const { job, close } = stats.open();
  const log = { id: undefined, head: Buffer.from('other'), series: 'other', position: 5, latest: 2_424_168_000 };
  const downloads = { files: [], agents: [], counts: new Int32Array() };
  job.state.count(log, [{ day: '2046-11-22', downloads, sums: [] }], new Int32Array());
  close();
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)]));
  await stats.run('pypi.log');
  t.same(await stats.counts(), { [dayOf(2)]: 1 });
  t.match(stats.summary().days, [{ day: dayOf(2), downloads: 1 }]);
});

t.test('a day that counts as many downloads as before, of something else, is published anew', async (t) => {
  const stats = new TestStats(t);
  const files = new FilesystemFileStore(stats.target, new FakeClock());
  files.create();
  const body = await bzip2.compress(Buffer.from('foo,foo-1.0.tar.gz,raw agent,2\r\n'));
  await files.publish([{ path: localStatsPath(dayOf(2)), body }]);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)], 2));
  t.same((await stats.run('pypi.log')).published, [dayOf(2)]);
  t.same(await stats.csv(dayOf(2)), ['foo,foo-1.0.tar.gz,pip/26.2,2']);
});

t.test('the summary goes back a year, and the files of days stay', async (t) => {
  const stats = new TestStats(t);
  // After all days of this test.
  stats.clock.advance(400 * 86_400_000);
  const days = () => stats.summary().days.map(({ day }) => day);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)]));
  await stats.run('pypi.log');
  t.same(days(), [dayOf(2)]);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3), dayOf(367), dayOf(368)]));
  await stats.run('pypi.log');
  t.same(days(), [dayOf(2), dayOf(3), dayOf(367)], '366 days before the newest');
  await stats.write('pypi.log', stats.text('pypi.log') + logOf([dayOf(369)]));
  await stats.run('pypi.log');
  t.same(days(), [dayOf(3), dayOf(367), dayOf(368)]);
  t.same(await stats.counts(), { [dayOf(2)]: 1, [dayOf(3)]: 1, [dayOf(367)]: 1, [dayOf(368)]: 1 });
});

/** What is counted together and what is not: files, clients, days and logs that differ in one thing only. */
import { renameSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { LogFilesOptions } from '../../src/files/logs/log-files.ts';
import { DownloadStarts } from '../../src/stats/download-starts.ts';
import { logLine, logOf, pathOf } from './log-text.ts';
import { TestStats } from './test-stats.ts';

const day = '2026-11-02';
const around = [logOf(['2026-11-01']), logOf(['2026-11-03'])] as const;

/** The statistics after one run over a log of `lines` of one day. */
async function statsOf(t: Test, lines: readonly string[], options: LogFilesOptions = {}): Promise<TestStats> {
  const stats = new TestStats({ testdir: () => t.testdir() }, options);
  await stats.write('pypi.log', around.join(lines.join('')));
  await stats.run('pypi.log');
  return stats;
}

function pip(version: string, python?: string, system?: string): string {
  const told = {
    installer: { name: 'pip', version },
    ...(python && { python }),
    ...(system && { system: { name: system } }),
  };
  return logLine({ at: day, agent: `pip/${version} ${JSON.stringify(told).replaceAll('"', '\\"')}` });
}

t.test('clients that differ in their system, Python or version alone are told apart, in any order', async (t) => {
  const lines = [
    pip('26.2', '3.14.1', 'Linux'),
    pip('26.2', '3.14.1', 'Darwin'),
    pip('26.2', '3.14.1', 'Darwin'),
    pip('26.2', '3.9.1', 'Linux'),
    pip('25.3', '3.9.1', 'Linux'),
    pip('26.2', undefined, 'Windows'),
    pip('26.2', '3.14.0', undefined),
    pip('26.2', undefined, undefined),
  ];
  for (const order of [lines, lines.toReversed()]) {
    const stats = await statsOf(t, order);
    t.same(await stats.csv(day), ['foo,foo-1.0.tar.gz,pip/25.3,1', 'foo,foo-1.0.tar.gz,pip/26.2,7']);
    const { systems, python, installers } = stats.summary();
    t.same(systems, [
      { name: 'Linux', downloads: 3 },
      { name: 'Darwin', downloads: 2 },
      { name: 'unknown', downloads: 2 },
      { name: 'Windows', downloads: 1 },
    ]);
    t.same(python, [
      { name: '3.14', downloads: 4 },
      { name: '3.9', downloads: 2 },
      { name: 'unknown', downloads: 2 },
    ]);
    t.match(installers, [
      { name: 'pip', downloads: 8, versions: [{ version: '26.2', downloads: 7 }, { downloads: 1 }] },
    ]);
  }
});

t.test('files of one name are told apart by their paths', async (t) => {
  const [one, other] = [pathOf('foo-1.0.zip'), pathOf('foo-1.0.zip').replace('/aa/', '/ab/')];
  const part = (file: string, client: string) => logLine({ at: `${day}T10:00:00`, file, client, status: 206 });
  const lines = [one, other, one, other].flatMap((file) => [part(file, '192.0.2.1'), part(file, '192.0.2.2')]);
  const stats = await statsOf(t, lines);
  t.same(await stats.csv(day), ['foo,foo-1.0.zip,pip/26.2,4'], 'each client has begun each file once');
  t.equal(stats.summary().lines.skipped.continued, 4);
});

t.test('a file is one, however it is asked for', async (t) => {
  const path = pathOf('foo-1.0.tar.gz');
  const asked = [path, `/${path}`, path.replace('/aa/', '//aa/./'), `/simple/foo/../..${path}`, `/%70${path.slice(2)}`];
  const whole = await statsOf(
    t,
    asked.map((file) => logLine({ at: day, file })),
  );
  t.same(await whole.csv(day), [`foo,foo-1.0.tar.gz,pip/26.2,${asked.length}`]);
  const parts = await statsOf(
    t,
    asked.map((file) => logLine({ at: day, file, status: 206 })),
  );
  t.same(await parts.counts(), { [day]: 1 });
});

t.test('one client that fetches several files in parts begins each of them', async (t) => {
  const files = Array.from({ length: 50 }, (_, at) => `foo-${at}.zip`);
  const parts = [...files, ...files].map((file) => logLine({ at: day, file, status: 206 }));
  const stats = await statsOf(t, parts);
  t.equal((await stats.csv(day)).length, 50);
  t.same(await stats.counts(), { [day]: 50 });
});

/** What one client did, and how many downloads that is: each step a time and a status, of one file. */
const ways: readonly (readonly [what: string, steps: string, downloads: number])[] = [
  ['an installer that reads the end of a wheel first', '00:00 206, 00:00 206, 00:01 200', 1],
  ['one that asks by HEAD before', '00:00 HEAD, 00:00 206, 00:01 206, 00:02 200', 1],
  ['one that reads the end by a whole request that it gives up, and then ranges', '00:00 200, 00:01 206, 00:02 206', 1],
  ['one that reads the end, and nothing else', '00:00 206, 00:00 206', 1],
  ['one that installs some minutes after it resolved', '00:00 206, 00:01 206, 09:59 200', 1],
  ['one that installs later', '00:00 206, 00:01 206, 10:02 200', 2],
  ['a resumed download', '00:00 200, 05:00 206, 12:00 206', 1],
  ['a resumed download of a file that was begun on another day', '00:00 206', 1],
  ['a resumed download that has to begin again, as the file is another one', '00:00 206, 00:10 200', 1],
  ['a resumed download of a file that was complete already', '00:00 206, 00:01 416', 1],
  ['pieces that are fetched at a time', '00:00 206, 00:00 206, 00:00 206, 00:01 206', 1],
  ['a download manager that probes', '00:00 HEAD, 00:00 206, 00:00 206, 00:00 206', 1],
  ['a cached file that is asked for again', '00:00 200, 01:00 304, 02:00 304', 1],
  ['two who share an address, and fetch the file whole', '00:00 200, 00:00 200', 2],
  [
    'two who share an address, one after the other',
    '00:00 206, 00:01 206, 00:02 200, 00:03 206, 00:03 206, 00:04 200',
    2,
  ],
  ['two who share an address, at a time', '00:00 206, 00:00 206, 00:01 206, 00:01 206, 00:02 200, 00:02 200', 2],
  ['three of whom one reads the end first', '00:00 200, 00:00 206, 00:00 206, 00:01 200, 00:01 200', 3],
  ['lines in the order in which the answers ended', '00:05 206, 00:00 206, 00:03 200', 1],
];

for (const [what, steps, downloads] of ways) {
  t.test(`${what}: ${downloads}`, async (t) => {
    const lines = steps.split(', ').map((step) => {
      const [time = '', status = ''] = step.split(' ');
      const at = `${day}T10:${time}`;
      return logLine(status === 'HEAD' ? { at, method: 'HEAD' } : { at, status: Number(status) });
    });
    t.same(await (await statsOf(t, lines)).counts(), { [day]: downloads });
    const stats = new TestStats({ testdir: () => t.testdir() });
    for (const count of lines.keys()) {
      await stats.write('pypi.log', around[0] + lines.slice(0, count + 1).join(''));
      await stats.run('pypi.log');
    }
    await stats.write('pypi.log', around.join(lines.join('')));
    await stats.run('pypi.log');
    t.same(await stats.counts(), { [day]: downloads }, 'also where each line comes in a run of its own');
  });
}

t.test('clients of several kinds behind one address are told apart, and each gets what it fetched', async (t) => {
  const at = (second: number, status: number, agent: string): string =>
    logLine({ at: `${day}T10:00:0${second}`, status, agent });
  const stats = await statsOf(t, [
    at(0, 206, 'uv/0.9.18'),
    at(0, 206, 'pip/26.2'),
    at(1, 200, 'pip/26.1'),
    at(1, 206, 'uv/0.9.18'),
    at(2, 200, 'pip/26.2'),
    at(3, 200, 'uv/0.9.18'),
  ]);
  t.same(
    await stats.csv(day),
    ['pip/26.1,1', 'pip/26.2,1', 'uv/0.9.18,1'].map((row) => `foo,foo-1.0.tar.gz,${row}`),
  );
  t.match(stats.summary().lines, { read: 8, counted: 5, skipped: { continued: 3 } });
});

t.test('one client is one, whatever it says of what it is about', async (t) => {
  const uv = (command: string, status: number): string => {
    const told = { installer: { name: 'uv', version: '0.9.18', subcommand: [command] }, python: '3.14.1' };
    const agent = `uv/0.9.18 ${JSON.stringify(told).replaceAll('"', '\\"')}`;
    return logLine({ at: `${day}T10:00:00`, status, agent });
  };
  t.same(await (await statsOf(t, [uv('lock', 206), uv('lock', 206), uv('sync', 200)])).counts(), { [day]: 1 });
});

t.test('pairs of client and file are told apart where they share a place in memory', async (t) => {
  const numbers = Array.from({ length: 8000 }, (_, at) => Math.imul(at + 1, 0x2545f491));
  const begun = (pair: (number: number) => [client: number, file: number]): number[] => {
    const starts = new DownloadStarts(undefined);
    return numbers.filter((number) => starts.begins(...pair(number), 1000, true));
  };
  t.equal(begun((file) => [7, file]).length, numbers.length);
  t.equal(begun((client) => [client, 7]).length, numbers.length);
});

t.test(
  'a part continues what was sent ten minutes ago to the second, and begins a download a second later',
  async (t) => {
    const part = (time: string): string => logLine({ at: `${day}T${time}`, status: 206 });
    const lines = [part('10:00:00'), part('10:10:00'), part('10:20:01'), part('10:30:01'), part('10:40:02')];
    t.same(await (await statsOf(t, lines)).counts(), { [day]: 3 });
    const stats = new TestStats({ testdir: () => t.testdir() });
    for (const count of lines.keys()) {
      await stats.write('pypi.log', around[0] + lines.slice(0, count + 1).join(''));
      await stats.run('pypi.log');
    }
    await stats.write('pypi.log', around.join(lines.join('')));
    await stats.run('pypi.log');
    t.same(await stats.counts(), { [day]: 3 }, 'also where each comes in a run of its own');
  },
);

t.test('a log that was missed and begins in the second in which the one before it ended is found', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf(['2026-11-01', day]));
  await stats.run('pypi.log');
  renameSync(stats.path('pypi.log'), stats.path('pypi.log.2'));
  await stats.write('pypi.log.1', logOf([day], 3) + logOf(['2026-11-03'], 2));
  await stats.write('pypi.log', logOf(['2026-11-04']));
  t.same((await stats.run('pypi.log')).notices, []);
  t.same(await stats.counts(), { [day]: 4, '2026-11-03': 2 });
});

for (const [what, ownPath, ownAgent] of [
  ['paths', (at: number) => pathOf(`f-${at}.zip`).replace('/aa/', `/aa/${'./'.repeat(3000)}`), () => 'pip/26.2'],
  ['agents', () => pathOf('f-1.zip'), (at: number) => `${at}${'x'.repeat(6000)}`],
] as const) {
  t.test(`what stands for other ${what} by now is not taken for those from before`, async (t) => {
    // Together they are longer than what is numbered at a time.
    const count = 1900;
    const flood = Array.from({ length: count }, (_, at) =>
      logLine({ at: day, file: ownPath(at), agent: ownAgent(at) }),
    );
    const first = logLine({ at: day, file: 'first-1.0.zip', agent: 'uv/0.1' });
    const last = logLine({ at: day, file: 'last-1.0.zip', agent: 'pip/26.2' });
    const stats = await statsOf(t, [first, ...flood, last, last], { pieceBytes: 1 << 20 });
    t.same(
      (await stats.csv(day)).filter((line) => !line.startsWith('f,')),
      ['first,first-1.0.zip,uv/0.1,1', 'last,last-1.0.zip,pip/26.2,2'],
    );
    t.same(await stats.counts(), { [day]: count + 3 });
  });
}

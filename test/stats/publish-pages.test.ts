/** What processlogs publishes for people: there from the first run on, anew when the sums change, and only then. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { logLine, logOf } from './log-text.ts';
import { TestStats } from './test-stats.ts';

const dayOf = (number: number): string => new Date(Date.UTC(2026, 10, number)).toISOString().slice(0, 10);
const tables = ['days', 'projects', 'files', 'installers', 'python', 'systems'].map((name) => `${name}.csv`);
const made = ['index.html', ...tables];

const pathOf = (stats: TestStats, name: string): string => join(stats.target, 'web/local-stats', name);
const read = (stats: TestStats, name: string): string => readFileSync(pathOf(stats, name), 'utf8');

t.test('the page is there from the first run on, and shows a day as soon as it is published', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', '');
  await stats.run('pypi.log');
  t.match(read(stats, 'index.html'), 'No downloads have been counted yet: processlogs counts them');
  t.equal(read(stats, 'projects.csv'), 'project,downloads\r\n');
  t.ok(existsSync(join(stats.target, 'web/site.css')), 'with its style');

  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2)], 3));
  await stats.run('pypi.log');
  t.match(read(stats, 'index.html'), 'So far the logs tell of 1 Nov 2026 to 2 Nov 2026.');

  const agent =
    'pip/26.2 {\\"installer\\":{\\"name\\":\\"pip\\",\\"version\\":\\"26.2\\"},\\"python\\":\\"3.13.1\\",\\"system\\":{\\"name\\":\\"Linux\\"}}';
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2)], 3) + logLine({ at: dayOf(2), agent }) + logOf([dayOf(3)]));
  t.same((await stats.run('pypi.log')).published, [dayOf(2)]);
  const page = read(stats, 'index.html');
  t.match(page, '<dt>2 Nov 2026</dt><dd>4</dd><dd class="more">downloads, 3.9 KiB</dd>');
  t.match(page, '<a href="../simple/foo/">foo</a>');
  t.match(page, '<a href="days/2026-11-02.bz2">2</a>');
  t.same(
    tables.map((table) => read(stats, table)),
    [
      'day,downloads,bytes\r\n2026-11-02,4,4000\r\n',
      'project,downloads\r\nfoo,4\r\n',
      'file,downloads\r\nfoo-1.0.tar.gz,4\r\n',
      'installer,version,downloads\r\npip,26.2,4\r\n',
      'day,python,downloads\r\n2026-11-02,unknown,3\r\n2026-11-02,3.13,1\r\n',
      'system,downloads\r\nunknown,3\r\nLinux,1\r\n',
    ],
  );
});

t.test('a run that changes no sum publishes nothing, and makes no pages', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)], 2));
  await stats.run('pypi.log');
  const inodes = (): number[] => [...made, 'summary.json'].map((name) => statSync(pathOf(stats, name)).ino);
  const before = inodes();
  const { job, close } = stats.open();
  const { processLogs } = await import('../../src/stats/process-logs.ts');
  await processLogs([stats.path('pypi.log')], {
    ...job,
    publishPages: async () => {
      t.fail('pages are made');
      return undefined;
    },
  });
  close();
  t.same(inodes(), before);
});

t.test('a page that is gone comes back, one of somebody else stays', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)], 2));
  await stats.run('pypi.log');
  const page = read(stats, 'index.html');
  rmSync(pathOf(stats, 'index.html'));
  await stats.run('pypi.log');
  t.equal(read(stats, 'index.html'), page);
  writeFileSync(pathOf(stats, 'index.html'), 'mine');
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3), dayOf(4)], 2));
  await stats.run('pypi.log');
  t.equal(read(stats, 'index.html'), 'mine');
  t.match(read(stats, 'days.csv'), '2026-11-03,2,2000', 'the tables are made all the same');
});

t.test('a run that dies before the summary makes the pages again', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)], 2));
  const { job, close } = stats.open();
  const { processLogs } = await import('../../src/stats/process-logs.ts');
  const dies = processLogs([stats.path('pypi.log')], {
    ...job,
    publishPages: async () => {
      throw new Error('killed');
    },
  });
  await t.rejects(dies, { message: 'killed' });
  close();
  t.notOk(existsSync(pathOf(stats, 'summary.json')));
  await stats.run('pypi.log');
  t.match(read(stats, 'index.html'), '2 Nov 2026');
});

t.test('days that were published by 1.5, or before the state was lost, are linked as well', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2), dayOf(3)], 2));
  await stats.run('pypi.log');
  rmSync(join(stats.target, 'state.db'));
  for (const name of ['2011-04-05.bz2', '2011-13-05.bz2', '<b>.bz2', 'other.txt']) {
    writeFileSync(pathOf(stats, `days/${name}`), '');
  }
  await stats.write('pypi.log', logOf([dayOf(5)]));
  await stats.run('pypi.log');
  const links = [...read(stats, 'index.html').matchAll(/href="days\/(.*?)"/g)].map(([, name]) => name);
  t.same(links, ['2026-11-02.bz2', '2011-04-05.bz2']);
});

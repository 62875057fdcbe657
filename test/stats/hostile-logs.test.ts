/** Whoever can ask for a file writes into the log: nothing of it becomes a line, a field, a formula or markup of ours. */
import t from 'tap';
import { logLine, logOf } from './log-text.ts';
import { TestStats } from './test-stats.ts';

const day = '2026-11-02';
const around = [logOf(['2026-11-01']), logOf(['2026-11-03'])] as const;

/** As Apache writes them: a quote as \", a control character as \x1b. */
const agents = [
  'x\\" 200 \\"=HYPERLINK(\\"http://evil\\")',
  "=cmd|' /C calc'!A0",
  '+1',
  '@SUM(A1)',
  '<script>alert(1)</script>',
  '\\x1b[2J\\x1b]0;x\\x07',
  'pip/26.2 {\\"installer\\":{\\"name\\":\\"=cmd\\",\\"version\\":\\"<b>\\"}}',
  'a\\nb\\r\\nc,d',
  '\\xe2\\x80\\xae',
  `${'a'.repeat(60_000)}`,
  '',
];

t.test('what a client calls itself is published only as a name that is known', async (t) => {
  const stats = new TestStats(t);
  const lines = agents.map((agent) => logLine({ at: day, agent }));
  await stats.write('pypi.log', around.join(lines.join('')));
  await stats.run('pypi.log');
  const csv = await stats.csv(day);
  t.equal(
    csv.reduce((sum, line) => sum + Number(line.split(',').at(-1)), 0),
    agents.length,
    'each was one download',
  );
  for (const line of csv) t.match(line, /^foo,foo-1\.0\.tar\.gz,(?:unknown|pip(?:\/[\d.]+)?),\d+$/);
  t.notMatch(JSON.stringify(stats.summary()), /cmd|script|evil|\\u001b|HYPERLINK/);
});

t.test('a size that no answer has costs only its line', async (t) => {
  const stats = new TestStats(t);
  const sizes = ['9007199254740991', '9007199254740992', '18446744073709551616', '9'.repeat(400), '1000'];
  const lines = sizes.map((size) => logLine({ at: day, size, client: `192.0.2.${sizes.indexOf(size)}` }));
  await stats.write('pypi.log', around.join(lines.join('') + logOf([day], 9)));
  await stats.run('pypi.log');
  t.same(await stats.csv(day), ['foo,foo-1.0.tar.gz,pip/26.2,11'], 'and all others count');
});

t.test('what a client asks for is published only where it can be the name of a file', async (t) => {
  const stats = new TestStats(t);
  const folder = `/packages/aa/bb/${'c'.repeat(60)}`;
  const paths = [
    `${folder}/%3Dcmd%7C.zip`,
    `${folder}/=cmd|x.zip`,
    `${folder}/%3Cscript%3E.zip`,
    `${folder}/a%0Ab-1.0.zip`,
    `${folder}/a%00-1.0.zip`,
    `${folder}/..%2f..%2fetc%2fpasswd.zip`,
    `${folder}/${'a'.repeat(300)}.zip`,
    `${folder}/%E2%80%AEpiz.zip`,
    `${folder}/%zz.zip`,
    '/packages/../../etc/passwd.zip',
    '/simple/<script>/',
  ];
  await stats.write('pypi.log', around.join(paths.map((file) => logLine({ at: day, file })).join('') + logOf([day])));
  await stats.run('pypi.log');
  t.same(
    await stats.csv(day),
    ['foo,foo-1.0.tar.gz,pip/26.2,1', 'passwd,passwd.zip,pip/26.2,2'],
    'the name alone, never a path',
  );
  t.notMatch(JSON.stringify(stats.summary()), /cmd|script|etc|\.\./);
});

t.test('lines that are made to be costly are read in one pass, and the others count', async (t) => {
  const stats = new TestStats(t);
  const costly = ['"', '\\"', '[', '" 200 "', '{"a":', 'x/1 ', '(', ' - '].flatMap((piece) => [
    logLine({ at: day, agent: piece.repeat(60_000 / piece.length) }),
    `${piece.repeat(60_000 / piece.length)}\n`,
    `${piece.repeat(1 << 18)}\n`,
  ]);
  await stats.write('pypi.log', around.join(costly.join('') + logOf([day], 3)));
  await stats.run('pypi.log');
  t.ok(((await stats.counts())[day] ?? 0) >= 3);
});

t.test(
  'a client that makes up versions without end fills neither memory nor the summary, and all of it counts',
  async (t) => {
    const stats = new TestStats(t);
    const count = 12_000;
    const invented = Array.from({ length: count }, (_, at) => logLine({ at: day, agent: `pip/1.${at}` }));
    const named = ['uv/0.9.18', 'uv/0.9.17', 'pip/1.0'].map((agent) => logLine({ at: day, agent }));
    await stats.write('pypi.log', around.join([...named, ...invented, ...named].join('')));
    await stats.run('pypi.log');
    const csv = await stats.csv(day);
    t.equal(csv.length, 10_000, 'the labels of this day, and the name alone');
    t.equal((await stats.counts())[day], count + 6);
    t.ok(csv.includes('foo,foo-1.0.tar.gz,uv/0.9.18,2'));
    t.ok(csv.includes('foo,foo-1.0.tar.gz,pip,2003'), 'the others have no version');
    const { installers, days } = stats.summary();
    t.match(days, [{ day, downloads: count + 6 }]);
    t.match(installers, [
      { name: 'pip', downloads: count + 2 },
      { name: 'uv', downloads: 4, versions: [{ version: '0.9.17' }, { version: '0.9.18' }] },
    ]);
    t.ok(remembered(stats) < 800, 'sums of the day');
  },
);

t.test('installers that are made up, and versions that say something, are not published', async (t) => {
  const stats = new TestStats(t);
  const json = (name: string, version: string, rest = '') =>
    `pip/1 {\\"installer\\":{\\"name\\":\\"${name}\\",\\"version\\":\\"${version}\\"}${rest}}`;
  const agents = [
    ...Array.from({ length: 12_000 }, (_, at) => json(`x${at}`, '1')),
    json('team-secret', '1.0', ',\\"python\\":\\"3.14.1\\"'),
    json('pip', '26.1-team-secret'),
    'pip/26.1-team-secret',
    'pip/26.1+secret.1',
    'Nexus/3.85.0-secret (secret; Linux)',
    'Hatch/1.16.0-secret',
  ];
  await stats.write('pypi.log', around.join(agents.map((agent) => logLine({ at: day, agent })).join('')));
  await stats.run('pypi.log');
  t.same(await stats.csv(day), [
    'foo,foo-1.0.tar.gz,Nexus,1',
    'foo,foo-1.0.tar.gz,hatch,1',
    'foo,foo-1.0.tar.gz,pip,3',
    'foo,foo-1.0.tar.gz,unknown,12001',
  ]);
  t.notMatch(JSON.stringify(stats.summary()), 'secret');
  t.ok(remembered(stats) < 800, 'sums of the day');
});

t.test('what was remembered of made up clients before they were cut is told as others', async (t) => {
  const stats = new TestStats(t);
  await stats.write('pypi.log', around.join(logOf([day])));
  await stats.run('pypi.log');
  const { job, close } = stats.open();
  const sums = (['installer', 'system'] as const).flatMap((kind) =>
    Array.from({ length: 3000 }, (_, at) => ({ kind, name: `x${at}`, count: 1, bytes: 0 })),
  );
  job.state.published(day, sums);
  close();
  await stats.run('pypi.log');
  const { installers, systems, days } = stats.summary();
  t.match(days, [{ day, downloads: 3000 }]);
  t.match([installers].flat()[0], { name: 'other', downloads: 2000 });
  t.match([systems].flat()[0], { name: 'other', downloads: 2001 });
});

function remembered(stats: TestStats): number {
  const { job, close } = stats.open();
  const count = [...job.state.sums()].filter((sum) => sum.day === day).length;
  close();
  return count;
}

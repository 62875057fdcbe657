/** Lists of projects that nobody would write by accident. */
import t from 'tap';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';

/** The next list names these besides the projects that there are. */
function listAlso(mirror: TestMirror, names: readonly string[]): void {
  const projects = [
    ...mirror.index.projects().map(({ displayName, serial }) => ({ name: displayName, '_last-serial': serial })),
  ];
  const body = JSON.stringify({
    meta: { 'api-version': '1.1', '_last-serial': mirror.index.serial },
    projects: [...projects, ...names.map((name) => ({ name }))],
  });
  const contentType = 'application/vnd.pypi.simple.v1+json';
  mirror.server.faults.add({ do: 'body', body, contentType, match: /^GET \/simple\/$/ });
}

const strange = [
  '../../etc',
  '..',
  '.',
  '',
  'a/b',
  'a\\b',
  '%2e%2e',
  'a\0b',
  'a\nb',
  '"><script>alert(1)</script>',
  '__proto__',
  'a'.repeat(201),
  'caf\u00e9',
  'cafe\u0301',
  '\u202egpj.exe',
  '\ud800',
  ' alpha',
  'alpha ',
];

t.test('an invalid name is not requested and appears on no page', async (t) => {
  const mirror = await openTestMirror(t);
  listAlso(mirror, strange);
  await mirror.run();
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['alpha', 'beta', 'gamma'],
  );
  t.notMatch(mirror.text('simple/index.html'), /script/);
  t.same(
    new Set(mirror.requested().filter((path) => path.startsWith('/simple/'))),
    new Set(['/simple/', '/simple/alpha/', '/simple/beta/', '/simple/gamma/']),
  );
  t.same(mirror.problems(), []);
  t.equal(mirror.warnings().length, 11);
  t.match(mirror.warnings().at(-1), `the list has ${strange.length - 10} more names that are no project names`);
});

t.test('a name of a megabyte makes no message of a megabyte, and no complaint of Node', async (t) => {
  const complaints: Error[] = [];
  const hear = (warning: Error) => complaints.push(warning);
  process.on('warning', hear);
  t.teardown(() => process.off('warning', hear));
  const mirror = await openTestMirror(t);
  listAlso(mirror, ['a'.repeat(1 << 19)]);
  await mirror.run();
  t.ok((mirror.warnings()[0]?.length ?? 1e9) < 300);
  await new Promise(setImmediate);
  t.same(complaints, []);
});

t.test('two spellings of one project are one project', async (t) => {
  const mirror = await openTestMirror(t);
  listAlso(mirror, ['ALPHA', 'Alpha', 'al-pha', 'al_pha', 'al.pha']);
  await mirror.run();
  t.equal(mirror.requested().filter((path) => path === '/simple/alpha/').length, 1);
  t.equal(mirror.page().projects.filter(({ name }) => name.toLowerCase() === 'alpha').length, 1);
  t.same(mirror.problems(), []);
});

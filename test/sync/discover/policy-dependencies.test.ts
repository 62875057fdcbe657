/** What held releases require is held with them, as far as it goes and as long as it lasts. */
import t from 'tap';
import { contentOf, fetched, namesOf, openMirrorsOf, unsound } from '../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { named, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

const dayMs = 86_400_000;
const withAll = 'dependencies = true\n';

/** Wheels `name version: requirement, requirement`. */
function indexOf(...wheels: readonly string[]): SampleIndex {
  const index = new SampleIndex();
  for (const wheel of wheels) add(index, wheel);
  return index;
}

function add(index: SampleIndex, wheel: string): void {
  const [title = '', needs = ''] = wheel.split(': ');
  const [name = '', version = ''] = title.split(' ');
  const requires = needs === '' ? [] : needs.split(', ').filter((need) => !need.startsWith('['));
  const extras: Record<string, string[]> = {};
  for (const [, extra = '', need = ''] of needs.matchAll(/\[(\w+)\]=(\S+?)(?:,|$)/g))
    extras[extra] = [...(extras[extra] ?? []), need];
  index.publish(makeWheel({ name, version, requires, extras }));
}

const versions = (mirror: TestMirror, name: string): readonly string[] => mirror.page(name).versions;

t.test('chains and cycles of dependencies are followed to their end, and each page is requested once', async (t) => {
  const index = indexOf('a 1.0: b', 'b 1.0: c>=1', 'c 1.0: d', 'd 1.0: b, e', 'e 1.0: a', 'other 1.0: a');
  const mirror = await openTestMirror(t, { index });
  const policy = policyFrom(`${withAll}projects = ["a"]`);
  await mirror.run({ policy });
  t.same(namesOf(mirror), ['a', 'b', 'c', 'd', 'e']);
  t.same(
    fetched(mirror)
      .filter((path) => path.startsWith('/simple/'))
      .sort(),
    ['a', 'b', 'c', 'd', 'e'].map((name) => `/simple/${name}/`),
  );
  t.same(unsound(mirror), []);
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["c"]`) });
  t.same(namesOf(mirror), ['a', 'b', 'c', 'd', 'e'], 'a circle can be entered anywhere');
  t.same(mirror.requested(), ['changelog_since_serial']);
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["other==1.0"]`) });
  t.equal(namesOf(mirror).length, 6);
  t.notOk(
    fetched(mirror).some((path) => /^.simple.[a-e].$/.test(path)),
    'what it requires is there, and stays',
  );
});

t.test('extras bring what they need, and only those that somebody asks for', async (t) => {
  const index = indexOf(
    'a 1.0: b[more]',
    'b 1.0: [more]=c, [less]=d',
    'c 1.0',
    'd 1.0',
    'x 1.0: [all]=x[one], [one]=d',
  );
  const mirror = await openTestMirror(t, { index });
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["a"]`) });
  t.same(namesOf(mirror), ['a', 'b', 'c']);
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["b"]`) });
  t.same(namesOf(mirror), ['b']);
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["b[less]"]`) });
  t.same(namesOf(mirror), ['b', 'd']);
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["x[all]"]`) });
  t.same(namesOf(mirror), ['d', 'x'], 'an extra may ask for another one of its own project');
  t.same(unsound(mirror), []);
});

t.test('markers count if environments are configured', async (t) => {
  const index = indexOf(
    'a 1.0: on-windows; sys_platform == "win32", old; python_version < "3.9", any; python_version >= "3.8"',
    'on-windows 1.0',
    'old 1.0',
    'any 1.0',
  );
  const mirror = await openTestMirror(t, { index });
  const plain = `${withAll}projects = ["a"]\n`;
  await mirror.run({ policy: policyFrom(plain) });
  t.same(namesOf(mirror), ['a', 'any', 'old', 'on-windows']);
  const linux = '[[environment]]\npython = "3.12"\nplatform = "linux"\n';
  await mirror.run({ policy: policyFrom(plain + linux) });
  t.same(namesOf(mirror), ['a', 'any']);
  await mirror.run({ policy: policyFrom(`${plain}${linux}[[environment]]\npython = "3.12"\nplatform = "windows"\n`) });
  t.same(namesOf(mirror), ['a', 'any', 'on-windows']);
  t.same(unsound(mirror), []);
});

t.test('a dependency goes when nothing requires it any more', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOf('a 1.0: b<2', 'b 1.0: c', 'c 1.0', 'b 2.0', 'd 1.0: c') });
  const policy = policyFrom(`${withAll}projects = ["a", "d"]\n[releases]\nkeep = 1`);
  await mirror.run({ policy });
  t.same(namesOf(mirror), ['a', 'b', 'c', 'd']);
  t.same(versions(mirror, 'b'), ['1.0']);
  add(mirror.index, 'a 2.0: b>=2');
  await mirror.run({ policy });
  t.same(versions(mirror, 'b'), ['2.0'], 'another release of it is required');
  t.same(unsound(mirror), []);
  add(mirror.index, 'a 3.0');
  await mirror.run({ policy });
  t.same(namesOf(mirror), ['a', 'c', 'd']);
  t.same(unsound(mirror), []);
  mirror.index.removeProject('d');
  await mirror.run({ policy });
  t.same(namesOf(mirror), ['a']);
  t.same(unsound(mirror), []);
  add(mirror.index, 'a 4.0: b');
  await mirror.run({ policy });
  t.same([namesOf(mirror), versions(mirror, 'b')], [['a', 'b'], ['2.0']], 'and comes again');
  t.same(unsound(mirror), []);
});

t.test('a missing dependency is requested until its absence is confirmed, and then not in every run', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOf('a 1.0: ghost, b', 'b 1.0') });
  const policy = policyFrom(`${withAll}projects = ["a", "phantom"]`);
  const asked = (): string[] =>
    fetched(mirror)
      .filter((path) => /ghost|phantom/.test(path))
      .sort();
  await mirror.run({ policy });
  t.same(namesOf(mirror), ['a', 'b']);
  t.ok(asked().length >= 2);
  t.ok(
    mirror.eventsOf('project-parked').every(({ expected }) => expected),
    'it is no failure',
  );
  await mirror.runLater({ policy });
  await mirror.runLater({ policy });
  await mirror.runLater({ policy });
  t.same(mirror.requested(), ['changelog_since_serial']);
  t.same(unsound(mirror), []);
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["a", "phantom"]\n[releases]\nkeep = 3`) });
  t.same([...new Set(asked())], ['/simple/ghost/', '/simple/phantom/'], 'other rules ask again');
  await mirror.runLater({ policy });
  await mirror.runLater({ policy });
  add(mirror.index, 'ghost 1.0: late');
  add(mirror.index, 'late 1.0');
  await mirror.runLater({ policy });
  t.same(namesOf(mirror), ['a', 'b', 'ghost', 'late'], 'the changelog says when it comes');
  t.same(unsound(mirror), []);
  add(mirror.index, 'a 2.0');
  mirror.index.removeRelease('a', '1.0');
  await mirror.runLater({ policy, allowDeletions: 4 });
  t.same(namesOf(mirror), ['a']);
  add(mirror.index, 'a 3.0: ghost');
  await mirror.runLater({ policy });
  t.same(namesOf(mirror), ['a', 'ghost', 'late'], 'it is not thought missing for ever');
});

for (const [what, options] of [
  ['that a rule names', { policy: policyFrom('projects = ["a", "b"]') }],
  ['that is required', { policy: policyFrom(`${withAll}projects = ["a"]`) }],
  ['that is asked for by name', { settings: { projects: named('a', 'b') } }],
] as const) {
  t.test(`a project ${what} comes back although upstream did not have it for a while`, async (t) => {
    const mirror = await openTestMirror(t, { index: indexOf('a 1.0: b', 'b 1.0') });
    await mirror.run(options);
    const { faults } = mirror.server;
    const found = faults.add({ do: 'status', status: 404, match: /simple\/b\/$/ });
    const body = JSON.stringify({ ...mirror.page(), projects: [{ name: 'a' }] });
    const contentType = 'application/vnd.pypi.simple.v1+json';
    const listed = faults.add({ do: 'body', body, contentType, match: /simple\/$/ });
    const back = (): void => {
      found();
      listed();
    };
    mirror.clock.advance(31 * dayMs);
    for (let hours = 0; hours < 3; hours += 1) await mirror.runLater(options);
    t.same(namesOf(mirror), ['a']);
    mirror.clock.advance(2 * dayMs);
    await mirror.run(options);
    t.ok(mirror.requested().includes('/simple/b/'));
    t.same(mirror.parkings(), [], 'it is asked for, and nobody waits for it');
    t.match(mirror.eventsOf('project-done'), [{ name: 'b', outcome: 'unchanged' }], 'nor is it said to be removed');
    await mirror.runLater(options);
    t.notOk(mirror.requested().includes('/simple/b/'), 'but not in every run');
    back();
    mirror.clock.advance(10 * 365 * dayMs);
    await mirror.run(options);
    t.same(namesOf(mirror), ['a', 'b']);
    t.same(unsound(mirror), []);
  });
}

t.test('a project that is missing is asked for although a wrong clock asked for it last', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOf('a 1.0') });
  const policy = policyFrom('projects = ["a", "ghost"]');
  await mirror.run({ policy });
  mirror.clock.advance(10 * 365 * dayMs);
  for (let hours = 0; hours < 3; hours += 1) await mirror.runLater({ policy });
  mirror.clock.advance(-10 * 365 * dayMs);
  await mirror.run({ policy });
  t.ok(mirror.requested().includes('/simple/ghost/'));
});

t.test('a project that a rule names and others require has the releases that both want', async (t) => {
  const index = indexOf('a 1.0: b==1.0', 'b 1.0', 'b 2.0', 'b 3.0', 'pinned 1.0: b==2.0');
  const open = await openMirrorsOf(t, index);
  const mirror = open('mirror');
  const rules = '[releases]\nkeep = 1';
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["a", "b"]\n${rules}`) });
  t.same(versions(mirror, 'b'), ['1.0', '3.0']);
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["a", "b", "pinned"]\n${rules}`) });
  t.same(versions(mirror, 'b'), ['1.0', '2.0', '3.0']);
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["b", "pinned"]\n${rules}`) });
  t.same(versions(mirror, 'b'), ['2.0', '3.0']);
  t.same(mirror.requested(), ['changelog_since_serial']);
  t.same(unsound(mirror), []);
  const fresh = open('fresh');
  await fresh.run({ policy: policyFrom(`${withAll}projects = ["b", "pinned"]\n${rules}`) });
  t.same(contentOf(mirror.web), contentOf(fresh.web));
  await mirror.run({
    policy: policyFrom(`${withAll}[[rule]]\nprojects = ["b"]\nhold = "none"\n[[rule]]\nprojects = ["pinned"]`),
  });
  t.same(namesOf(mirror), ['pinned'], 'a rule against it has the last word');
  t.same(unsound(mirror), []);
});

t.test('a dependency that was held before everything else stays where it is', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOf('a 1.0: b==1.0', 'b 1.0', 'b 2.0', 'c 1.0') });
  await mirror.run({ policy: policyFrom('projects = ["b", "c"]') });
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["a"]`) });
  t.same(
    fetched(mirror)
      .filter((path) => !path.endsWith('.metadata'))
      .map((path) => path.split('/').slice(-2).join('/')),
    [
      'a/',
      fetched(mirror)
        .find((path) => path.endsWith('.whl'))
        ?.split('/')
        .slice(-2)
        .join('/'),
    ],
  );
  t.same([namesOf(mirror), versions(mirror, 'b')], [['a', 'b'], ['1.0']]);
  t.same(unsound(mirror), []);
});

t.test('changes of a dependency that arrive together with the rules that require it are not lost', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOf('a 1.0: b', 'b 1.0', 'c 1.0') });
  await mirror.run({ policy: policyFrom('projects = ["b", "c"]') });
  add(mirror.index, 'b 2.0');
  const policy = policyFrom(`${withAll}projects = ["a"]`);
  await mirror.run({ policy });
  await mirror.run({ policy });
  t.same(versions(mirror, 'b'), ['1.0', '2.0']);
  t.same(unsound(mirror), []);
});

t.test('a file that requires thousands of projects is a warning, and the first of them count', async (t) => {
  const many = Array.from({ length: 5000 }, (_, at) => `b!=0.${at}`);
  const index = indexOf(`a 1.0: ${[...many, 'c'].join(', ')}`, 'b 1.0', 'c 1.0');
  const mirror = await openTestMirror(t, { index });
  await mirror.run({ policy: policyFrom(`${withAll}projects = ["a"]`) });
  t.same(namesOf(mirror), ['a', 'b']);
  t.match(mirror.warnings(), [
    /^a: packages\S+\.metadata: more than 5000 requirements; what goes beyond that is left out$/,
  ]);
  t.same(unsound(mirror), []);
});

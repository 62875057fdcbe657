/** A project that does not fit is left out whole, reported with the reason, and fetched once there is room. */
import t from 'tap';
import { contentOf, fetched, namesOf, openMirrorsOf, unsound } from '../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { pseudoRandomBytes } from '../../sample/pseudo-random.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

const kB = 1000;

function wheelOf(name: string, version: string, size: number) {
  return makeWheel({ name, version, files: { [`${name}/data.bin`]: pseudoRandomBytes(name + version, size) } });
}

function index(): SampleIndex {
  const made = new SampleIndex();
  for (const [name, size] of [
    ['large', 400],
    ['medium', 100],
    ['small', 20],
    ['tiny', 10],
  ] as const) {
    made.publish(wheelOf(name, '1.0', size * kB));
  }
  return made;
}

const stillQueued = (problems: readonly string[]): string[] => problems.filter((line) => !line.includes('stay queued'));

t.test('projects that fit into the budget are held, and the rest is reported and stays queued', async (t) => {
  const mirror = await openTestMirror(t, { index: index() });
  const policy = policyFrom('[budget]\nsize = "150kB"\n[[rule]]\nprojects = ["l*"]\n[[rule]]\nprojects = ["*"]');
  const { done, parked } = await mirror.run({ policy });
  t.same([done, [...parked]], [3, ['large']]);
  t.same(namesOf(mirror), ['medium', 'small', 'tiny']);
  t.same(stillQueued(unsound(mirror)), [], 'nothing of the large one is there');
  t.notOk(
    fetched(mirror).some((path) => path.includes('large-1.0')),
    'or was fetched',
  );
  const [reason] = mirror.parkings();
  t.match(reason, /^large: needs 39\d KiB more: mirror\.toml:2 \(size = "150kB"\) leaves [\d.]+ (?:KiB|B)$/);
  t.match(mirror.eventsOf('project-parked'), [{ name: 'large', expected: false }], 'so that the exit code says so');
  const [told, ...more] = mirror.eventsOf('does-not-fit');
  t.same(more, []);
  t.match(told, {
    limit: /^mirror\.toml:2 \(size = "150kB"\) leaves [\d.]+ (?:KiB|B)$/,
    projects: 1,
    most: [{ what: 'mirror.toml:4 (l*)' }, { what: 'large' }],
  });
  t.equal(told?.missing, told?.most[0]?.bytes);
  t.ok(mirror.remembered((state) => state.totals().bytes) <= 150 * kB);

  await mirror.run({
    policy: policyFrom('[budget]\nsize = "1MB"\n[[rule]]\nprojects = ["l*"]\n[[rule]]\nprojects = ["*"]'),
  });
  t.same(namesOf(mirror), ['large', 'medium', 'small', 'tiny']);
  t.same(mirror.eventsOf('does-not-fit'), []);
  t.same(unsound(mirror), []);
});

t.test('a project that grows beyond the budget keeps what it has', async (t) => {
  const mirror = await openTestMirror(t, { index: index() });
  const policy = policyFrom('projects = ["small"]\n[budget]\nsize = "50kB"');
  await mirror.run({ policy });
  mirror.index.publish(wheelOf('small', '2.0', 60 * kB));
  await mirror.run({ policy });
  t.match(mirror.parkings(), [/^small: needs [56]\d KiB more/]);
  t.same(mirror.page('small').versions, ['1.0']);
  t.same(stillQueued(unsound(mirror)), []);
  mirror.index.publish(wheelOf('small', '3.0', 5 * kB));
  await mirror.runLater({ policy: policyFrom('projects = ["small"]\n[budget]\nsize = "50kB"\n[releases]\nkeep = 1') });
  t.same(mirror.page('small').versions, ['3.0'], 'a rule makes room');
  t.same(unsound(mirror), []);
});

t.test('removals make room for new files, in the same run or the next', async (t) => {
  const mirror = await openTestMirror(t, { index: index() });
  const budget = '\n[budget]\nsize = "120kB"';
  await mirror.run({ policy: policyFrom(`projects = ["medium"]${budget}`) });
  await mirror.run({ policy: policyFrom(`projects = ["small", "tiny"]${budget}`) });
  await mirror.runLater({ policy: policyFrom(`projects = ["small", "tiny"]${budget}`) });
  t.same(namesOf(mirror), ['small', 'tiny']);
  t.same(unsound(mirror), []);
});

t.test('a reserve is left on the disk', async (t) => {
  const mirror = await openTestMirror(t, { index: index() });
  await mirror.run({ policy: policyFrom('projects = ["small"]\n[budget]\nreserve = "9PB"') });
  t.match(mirror.parkings(), [/^small: needs 2\d KiB more: the disk has 0 B free beyond the reserve of 8\.0 PiB$/]);
  t.same(mirror.eventsOf('file-started'), []);
  t.match(mirror.eventsOf('does-not-fit'), [{ projects: 1 }]);
  await mirror.run({ policy: policyFrom('projects = ["small"]\n[budget]\nreserve = "1B"') });
  t.same(namesOf(mirror), ['small']);
  t.same(unsound(mirror), []);
});

t.test('two projects that leave each other no room do not prevent a run from ending', async (t) => {
  const made = new SampleIndex();
  made.publish(makeWheel({ name: 'p', version: '1.0' }));
  const { content } = made.publish(makeWheel({ name: 'p', version: '2.0', requires: ['q'] }));
  made.publish(makeWheel({ name: 'q', version: '1.0', requires: ['p==1.0'] }));
  const open = await openMirrorsOf(t, made);
  const policy = policyFrom(
    `projects = ["p"]\ndependencies = true\n[files]\nmax-project-size = "${content.length + 10}B"`,
  );
  for (const wasWhole of [false, true]) {
    const mirror = open(wasWhole ? 'whole' : 'new');
    if (wasWhole) await mirror.run();
    const stop = new AbortController();
    let done = 0;
    const report = ({ type }: { type: string }): void => {
      if (type === 'project-done') done += 1;
      if (done > 50) stop.abort();
    };
    await mirror.run({ policy, report, signal: stop.signal });
    t.match(mirror.warnings(), [/to and fro; it stays as it is now$/]);
    t.same(unsound(mirror), []);
    const before = contentOf(mirror.web);
    await mirror.runLater({ policy });
    t.same(mirror.requested(), ['changelog_since_serial'], 'nor do later runs begin it again');
    t.same(mirror.warnings(), []);
    t.same(contentOf(mirror.web), before);
  }
});

t.test('pages need no room', async (t) => {
  const mirror = await openTestMirror(t, { index: index() });
  await mirror.run({ policy: policyFrom('otherwise = "pages-only"\n[budget]\nsize = "1B"') });
  t.same(namesOf(mirror), ['large', 'medium', 'small', 'tiny']);
  t.same(unsound(mirror), []);
});

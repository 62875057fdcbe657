import t from 'tap';
import { PlanTotals } from '../../../src/cli/run/plan-totals.ts';
import { renderPlan } from '../../../src/cli/run/render-plan.ts';
import type { MirrorEvent } from '../../../src/core/report.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';
import { sampleIndex } from '../../sample/sample-projects.ts';
import { named, parked, placed } from '../output/events.ts';

type Planned = Extract<MirrorEvent, { type: 'project-planned' }>;

/** A project that was planned to its end. */
function project(name: string, rule: string | undefined, bytes: number, removeBytes = 0): MirrorEvent[] {
  const planned: Planned = {
    type: 'project-planned',
    name: named(name),
    fetch: bytes === 0 ? [] : [placed(`${name}-1.0.zip`)],
    bytes,
    remove: removeBytes === 0 ? [] : [placed(`${name}-0.9.zip`)],
    removeBytes,
    rule,
  };
  return [planned, { type: 'project-done', name: named(name), outcome: 'published' }];
}

function sumsOf(events: readonly MirrorEvent[], dependencies = false) {
  const plan = new PlanTotals(dependencies);
  for (const event of events) plan.count(event);
  return plan.sums();
}

t.test('planned work is summed by rule; dependencies have one rule', async (t) => {
  const sums = sumsOf([
    ...project('a', 'mirror.toml:1 (a)', 5),
    ...project('b', 'mirror.toml:2 (dependency of a 1.0)', 7, 1),
    ...project('c', 'mirror.toml:2 (dependency of b 2.0)', 30),
    ...project('d', undefined, 0),
  ]);
  t.match(sums, { publish: 4, removed: 0, fetch: { files: 3, bytes: 42 }, remove: { files: 1, bytes: 1 } });
  t.same(
    sums.rules.map(({ rule, projects, fetch, remove }) => [rule, projects, fetch.bytes, remove.bytes]),
    [
      ['mirror.toml:2 (dependencies)', 2, 37, 1],
      ['mirror.toml:1 (a)', 1, 5, 0],
      ['everything is held', 1, 0, 0],
    ],
  );
  t.same(
    sums.mostToFetch.map(({ name }) => name as string),
    ['c', 'b', 'a'],
  );
  t.same(
    sums.mostToRemove.map(({ name }) => name as string),
    ['b'],
  );
});

t.test('only the twenty largest projects and rules are named, but all are counted', async (t) => {
  const sums = sumsOf(
    Array.from({ length: 500 }, (_, at) => project(`p${at}`, `rule ${at}`, (at * 7) % 500, 1)).flat(),
  );
  t.equal(sums.fetch.bytes, (499 * 500) / 2);
  t.equal(sums.remove.files, 500);
  t.equal(sums.rules.length, 20);
  t.same(
    sums.mostToFetch.map(({ fetch }) => fetch.bytes),
    Array.from({ length: 20 }, (_, at) => 499 - at),
  );
  t.equal(sums.mostToRemove.length, 20);
});

t.test('a project that fails after it was planned counts as a problem, not as work', async (t) => {
  const [planned] = project('a', 'rule', 5);
  const sums = sumsOf([...(planned === undefined ? [] : [planned]), parked('a', 'upstream answers 500')]);
  t.match(sums, { publish: 0, fetch: { files: 0, bytes: 0 }, rules: [] });
  t.same(sums.problems, ['a: upstream answers 500']);
});

t.test('the text is tables of less than 100 columns', async (t) => {
  const long = `/srv/pypi/mirror.toml:5 (${'project '.repeat(20).trim()})`;
  const text = renderPlan(
    sumsOf([...project('a', '/srv/pypi/mirror.toml:1 (a)', 2048), ...project('b', long, 0, 5)]),
    '/srv/pypi',
  );
  t.same(
    text.filter((line) => line.length >= 100),
    [],
  );
  t.same(text.slice(0, 6), [
    'To publish  2 projects',
    'To fetch    1 file, 2.0 KiB',
    'To remove   1 file, 5 B, and 0 projects',
    '',
    'projects  to fetch    bytes  to remove  bytes  rule',
    '       1         1  2.0 KiB          -      -  mirror.toml:1 (a)',
  ]);
  t.ok(text.includes('a                  1  2.0 KiB  mirror.toml:1 (a)'));
  t.ok(text.some((line) => line.startsWith('Most to remove  files  bytes  rule')));
});

t.test('the plan says that the requirements of files that are not fetched yet are unknown', async (t) => {
  const index = new SampleIndex();
  index.publish(makeWheel({ name: 'a', version: '1.0', requires: ['b'] }));
  index.publish(makeWheel({ name: 'b', version: '1.0', requires: ['c'] }));
  index.publish(makeWheel({ name: 'c', version: '1.0' }));
  index.publish(makeSdist({ name: 'source', version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  const planned = async (toml: string) => {
    const policy = policyFrom(toml);
    const events: MirrorEvent[] = [];
    await mirror.run({ policy, settings: { dryRun: true }, report: (event) => events.push(event) });
    return sumsOf(events, policy.dependencies);
  };
  const first = await planned('dependencies = true\nprojects = ["a", "source"]');
  t.match(first, { publish: 2, unknownRequires: 2 });
  t.equal(renderPlan(first, '/srv/pypi')[3], 'And then    what 2 projects to fetch will require: not known before');
  t.match(await planned('projects = ["a", "source"]'), { publish: 2, unknownRequires: 0 });
  const policy = policyFrom('dependencies = true\nprojects = ["a", "source"]');
  await mirror.run({ policy });
  t.match(await planned('dependencies = true\nprojects = ["a"]'), { removed: 1, unknownRequires: 0 });
});

t.test('removals by upstream are not listed under the rule that held the project', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const policy = policyFrom('projects = ["sample-base", "sample-pure"]');
  await mirror.run({ policy });
  mirror.index.removeProject('sample-pure');
  mirror.clock.advance(60_000);
  const events: MirrorEvent[] = [];
  await mirror.run({ policy, settings: { dryRun: true }, report: (event) => events.push(event) });
  const { rules, mostToRemove, removed } = sumsOf(events);
  t.equal(removed, 1);
  t.match(
    [rules, mostToRemove],
    [[{ rule: 'removed upstream', projects: 1 }], [{ name: 'sample-pure', rule: 'removed upstream' }]],
  );
});

t.test('an empty plan has no tables', async (t) => {
  t.same(renderPlan(sumsOf([]), '/srv/pypi'), [
    'To publish  0 projects',
    'To fetch    0 files, 0 B',
    'To remove   0 files, 0 B, and 0 projects',
  ]);
});

t.test('the plan of a narrower policy lists removals by the rules that hold the rest', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run();
  const policy = policyFrom('projects = ["sample-base"]\n[releases]\nkeep = 1');
  const plan = new PlanTotals(false);
  await mirror.run({ policy, settings: { dryRun: true }, report: (event) => plan.count(event) });
  const sums = plan.sums();
  const held = mirror.remembered((state) => state.totals());
  t.match(sums, { publish: 1, removed: held.projects - 1, fetch: { files: 0 }, remove: { files: held.files - 2 } });
  t.equal(
    sums.rules.reduce((sum, { remove }) => sum + remove.bytes, 0),
    sums.remove.bytes,
  );
  t.ok(sums.rules.some(({ rule }) => rule === 'mirror.toml:1 (sample-base)'));
  t.equal(sums.mostToRemove[0]?.name, 'sample-large');
});

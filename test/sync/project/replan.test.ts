/** New rules cost little where they change nothing, and nothing is forgotten for that. */
import t from 'tap';
import { contentOf, fetched, namesOf, openMirrorsOf, plansOf, unsound } from '../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { named, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';
import { sampleIndex } from '../../sample/sample-projects.ts';

const outcomes = (mirror: TestMirror): Record<string, string> =>
  Object.fromEntries(mirror.eventsOf('project-done').map(({ name, outcome }) => [name, outcome]));

for (const indexOnly of [false, true]) {
  t.test(`rules that change nothing for a project leave it alone${indexOnly ? ', without files' : ''}`, async (t) => {
    const settings = { indexOnly };
    const open = await openMirrorsOf(t, sampleIndex());
    const [mirror, fresh] = [open('mirror'), open('fresh')];
    const [before, after] = ['', 'max-size = "1GB"'].map((more) =>
      policyFrom(`projects = ["sample-base", "sample-pure"]\n[releases]\nkeep = 2\n[files]\nsdists = "no"\n${more}`),
    );
    await mirror.run({ settings, policy: before });
    await mirror.run({ settings, policy: after });
    t.same(outcomes(mirror), { 'sample-base': 'unchanged', 'sample-pure': 'unchanged' });
    t.same(mirror.requested(), ['changelog_since_serial']);
    await fresh.run({ settings, policy: after });
    t.same(contentOf(mirror.web), contentOf(fresh.web));
    t.same(plansOf(mirror), plansOf(fresh));
    const narrow = policyFrom(
      'projects = ["sample-base", "sample-pure"]\n[releases]\nkeep = 1\n[files]\nsdists = "no"',
    );
    await mirror.run({ settings, policy: narrow });
    t.same(outcomes(mirror), { 'sample-base': 'published', 'sample-pure': 'unchanged' });
    t.same(mirror.page('sample-base').versions, ['1.10']);
    t.same(mirror.problems(), []);
  });
}

t.test('a rule that links to upstream instead of leaving out changes pages, and no files', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const rules = 'projects = ["sample-base", "sample-pure"]\n[releases]\nkeep = 1';
  await mirror.run({ policy: policyFrom(rules) });
  await mirror.run({ policy: policyFrom(`unmirrored = "upstream"\n${rules}`) });
  t.same(outcomes(mirror)['sample-base'], 'published');
  t.equal(mirror.filenames('sample-base').length, 6);
  t.same(unsound(mirror), []);
});

t.test('the requirements of held files are read once dependencies count', async (t) => {
  const index = new SampleIndex();
  index.publish(makeWheel({ name: 'a', version: '1.0', requires: ['b'] }));
  for (const name of ['b', 'c']) index.publish(makeWheel({ name, version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  const [without, withAll] = ['projects = ["a"]', 'dependencies = true\nprojects = ["a"]'].map((toml) =>
    policyFrom(toml),
  );
  await mirror.run({ policy: without });
  await mirror.run({ policy: withAll });
  t.same(namesOf(mirror), ['a', 'b']);
  t.notOk(fetched(mirror).includes('/simple/a/'), 'from what is here');
  await mirror.run({ policy: without });
  t.same(namesOf(mirror), ['a']);
  index.publish(makeWheel({ name: 'a', version: '2.0', requires: ['c'] }));
  await mirror.run({ policy: without });
  await mirror.run({ policy: withAll });
  t.same(namesOf(mirror), ['a', 'b', 'c'], 'and not from what was known when they counted before');
  t.same(unsound(mirror), []);
});

t.test('pages that wait for another base URL and for new rules get both', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run({ policy: policyFrom('projects = ["sample-provenance"]') });
  const policy = policyFrom('projects = ["sample-provenance"]\n[releases]\nkeep = 9');
  const stop = new AbortController();
  const report = (event: { type: string }): void => {
    if (event.type === 'queued') stop.abort();
  };
  await t.rejects(mirror.run({ policy, report, signal: stop.signal }), { code: 'paused' });
  await mirror.run({ policy, settings: { baseUrl: 'https://mirror.example' } });
  t.match(mirror.page('sample-provenance').files[0]?.provenance, /^https:\/\/mirror\.example\//);
  t.same(unsound(mirror), []);
});

t.test('a project that --project names and a rule excludes is reported, with the rule', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const policy = policyFrom(
    'projects = ["sample-app"]\ndependencies = true\n[[rule]]\nprojects = ["sample-l*"]\nhold = "none"',
  );
  await mirror.run({ policy });
  for (const [name, rule] of [
    ['sample-large', 'mirror.toml:5 (hold = "none"): sample-l*'],
    ['sample-pure', 'mirror.toml:1 (no rule names the project)'],
  ] as const) {
    const result = await mirror.run({ policy, settings: { projects: named(name) } });
    t.same(mirror.warnings(), [`${name} is asked for, and the policy leaves it out: ${rule}`]);
    t.equal(result.parked.size, 0);
  }
  await mirror.run({ policy, settings: { projects: named('sample-base') } });
  t.same(mirror.warnings(), [], 'what is required is not left out');
});

/** Unsatisfied wants of named projects are reported: by the run, in the plan, in the status, and by --why. */
import t, { type Test } from 'tap';
import { mirrorState } from '../../fixtures/mirror-state.ts';
import { namesOf, unsound } from '../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

const zeros = '0'.repeat(64);

function indexOf(...wheels: readonly (readonly [name: string, version: string, ...requires: string[]])[]): SampleIndex {
  const index = new SampleIndex();
  for (const [name, version, ...requires] of wheels) index.publish(makeWheel({ name, version, requires }));
  return index;
}

const open = (t: Test, index = indexOf(['demo', '1.0'], ['demo', '2.0'], ['other', '1.0'])): Promise<TestMirror> =>
  openTestMirror(t, { index });

const requiring = (text: string, more = '') => policyFrom(`requirements = ["r.txt"]\n${more}`, { 'r.txt': text });
const alarms = (mirror: TestMirror): string[] => mirror.eventsOf('alarm').map(({ message }) => message);
const status = (mirror: TestMirror): readonly string[] | undefined =>
  mirror.remembered((state) => mirrorState(state).unmetLines);

t.test('a pin that upstream cannot satisfy is an alarm once, then a line in each run, and no empty page', async (t) => {
  const mirror = await open(t);
  const policy = requiring('other\ndemo==9.9\n');
  const line = 'r.txt:2: demo==9.9: upstream has no such version';
  await mirror.run({ policy, settings: { dryRun: true } });
  t.same(mirror.warnings(), [line], 'the plan says it');
  await mirror.run({ policy });
  t.same([alarms(mirror), mirror.warnings()], [[line], []]);
  t.same(status(mirror), [line]);
  t.same(namesOf(mirror), ['other']);
  t.same(unsound(mirror), []);
  await mirror.runLater({ policy });
  t.same([alarms(mirror), mirror.warnings()], [[], [line]]);
  t.same(mirror.requested(), ['changelog_since_serial'], 'it is not asked for in every run');
  mirror.index.publish(makeWheel({ name: 'demo', version: '9.9' }));
  await mirror.runLater({ policy });
  t.same([alarms(mirror), mirror.warnings(), status(mirror)], [[], [], undefined]);
  t.same(mirror.filenames('demo'), ['demo-9.9-py3-none-any.whl']);
  t.same(unsound(mirror), []);
});

t.test('each kind of unsatisfied want has a reason', async (t) => {
  const mirror = await open(t);
  const lines = ['demo==1.0+cu124', `demo==1.0 --hash=sha256:${zeros}`, 'demo>=5', 'demo==1.0', 'other==1.0', 'tyop'];
  await mirror.run({ policy: requiring(lines.join('\n'), '[files]\nkinds = "sdist"') });
  const left = 'nothing of it is held: mirror.toml:3 (kinds = "sdist"): wheel';
  t.same(alarms(mirror), [
    'r.txt:1: demo==1.0+cu124: upstream has no such version',
    'r.txt:2: demo==1.0: upstream has no file of it with a sha256 that is pinned',
    'r.txt:3: demo>=5: upstream has no such version',
    `r.txt:4: demo==1.0: ${left}`,
    `r.txt:5: other==1.0: ${left}`,
    'r.txt:6: tyop: upstream has no project tyop',
  ]);
});

t.test('a project that does not exist is reported at once, and for as long as it is missing', async (t) => {
  const mirror = await open(t);
  const policy = policyFrom('projects = ["demo", "tyop"]');
  const line = 'mirror.toml:1: tyop: upstream has no project tyop';
  await mirror.run({ policy, settings: { dryRun: true } });
  t.same(mirror.warnings(), [line]);
  await mirror.run({ policy });
  t.same(alarms(mirror), [line]);
  for (let hours = 0; hours < 4; hours += 1) {
    await mirror.runLater({ policy });
    t.same([alarms(mirror), mirror.warnings()], [[], [line]]);
  }
  await mirror.run({ policy: policyFrom('projects = ["demo"]') });
  t.same([alarms(mirror), mirror.warnings(), status(mirror)], [[], [], undefined]);
});

t.test('of many unsatisfied wants some are reported and all remembered', async (t) => {
  const mirror = await open(t);
  const policy = requiring(Array.from({ length: 25 }, (_, at) => `demo==9.${at}`).join('\n'));
  await mirror.run({ policy });
  t.equal(alarms(mirror).length, 20);
  t.same(mirror.warnings(), ['5 more that were asked for are not held (--status)']);
  t.equal(status(mirror)?.length, 25);
});

t.test('a project whose wants become unsatisfied is removed, and comes back once one is satisfied', async (t) => {
  const mirror = await open(t);
  await mirror.run({ policy: requiring('other\ndemo==1.0') });
  t.same(namesOf(mirror), ['demo', 'other']);
  await mirror.run({ policy: requiring('other\ndemo==9.9') });
  t.same(namesOf(mirror), ['other']);
  t.same(unsound(mirror), []);
  await mirror.run({ policy: requiring('other\ndemo==2.0') });
  t.same(namesOf(mirror), ['demo', 'other']);
  t.same([alarms(mirror), mirror.warnings(), unsound(mirror)], [[], [], []]);
});

t.test('a dependency that upstream cannot satisfy has no page until something else requires it', async (t) => {
  const index = indexOf(['app', '1.0', 'demo>=5'], ['demo', '1.0']);
  const mirror = await open(t, index);
  const policy = policyFrom('projects = ["app"]\ndependencies = true');
  await mirror.run({ policy });
  t.same(namesOf(mirror), ['app']);
  index.publish(makeWheel({ name: 'app', version: '2.0', requires: ['demo>=1'] }));
  await mirror.runLater({ policy });
  t.same(namesOf(mirror), ['app', 'demo']);
  t.same(unsound(mirror), []);
});

t.test('a want that a removal by upstream leaves unsatisfied is reported, too', async (t) => {
  const mirror = await open(t);
  const policy = requiring('other\ndemo==1.0');
  await mirror.run({ policy });
  mirror.index.removeRelease('demo', '1.0');
  await mirror.runLater({ policy });
  t.same(alarms(mirror), ['r.txt:2: demo==1.0: upstream has no such version']);
  t.same(unsound(mirror), []);
});

t.test(
  'a project that is wanted as a whole keeps its page, even without files or with only excluded ones',
  async (t) => {
    const index = indexOf(['other', '1.0']);
    index.create('empty');
    index.publish(makeSdist({ name: 'source', version: '1.0' }));
    const mirror = await open(t, index);
    await mirror.run({ policy: policyFrom('projects = ["empty", "source", "other"]\n[files]\nkinds = "wheel"') });
    t.same(namesOf(mirror), ['empty', 'other', 'source']);
    t.same(alarms(mirror), ['mirror.toml:1: source: nothing of it is held: mirror.toml:3 (kinds = "wheel"): sdist']);
    await mirror.run({ policy: policyFrom('projects = ["*"]\n[files]\nkinds = "wheel"') });
    t.same([alarms(mirror), mirror.warnings()], [[], []], 'nobody named it');
  },
);

t.test('a run for one project reports on that project alone', async (t) => {
  const mirror = await open(t);
  const policy = requiring('demo==9.9\nother==9.9');
  await mirror.run({ policy });
  await mirror.run({ policy, settings: { projects: ['other' as never] } });
  t.same(mirror.warnings(), ['r.txt:2: other==9.9: upstream has no such version']);
});

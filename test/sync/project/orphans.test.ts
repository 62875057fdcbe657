/** Projects that upstream's releases require no more are removed like those that upstream removes: up to a limit. */
import t, { type Test } from 'tap';
import { someCases } from '../../fixtures/every-case.ts';
import { namesOf, unsound } from '../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { syncedCopies } from '../../fixtures/synced-copies.ts';
import type { RunOptions, TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

const dayMs = 86_400_000;
const names = Array.from({ length: 60 }, (_, at) => `d${at}`);
const policy = policyFrom('projects = ["app"]\ndependencies = true');
const other = policyFrom('projects = ["app", "extra"]\ndependencies = true');

const openCopy = syncedCopies(t, applicationIndex, { policy });

function applicationIndex(): SampleIndex {
  const index = new SampleIndex();
  for (const name of names) index.publish(makeWheel({ name, version: '1.0' }));
  index.publish(makeWheel({ name: 'app', version: '1.0', requires: names }));
  index.publish(makeWheel({ name: 'extra', version: '1.0' }));
  return index;
}

/** An application with sixty dependencies, held with all of them. */
async function openApplication(t: Test): Promise<TestMirror> {
  const mirror = await openCopy(t);
  t.equal(namesOf(mirror).length, 61);
  return mirror;
}

function replaceApplication(index: SampleIndex): void {
  index.publish(makeWheel({ name: 'app', version: '1.1' }));
  index.removeRelease('app', '1.0');
}

/** How many dependencies are on the mirror, and how many wait for a person. */
function dependencies(mirror: TestMirror): { held: number; heldBack: number } {
  const { heldBack } = mirror.remembered((state) => state.totals());
  return { held: namesOf(mirror).filter((name) => name.startsWith('d')).length, heldBack };
}

const blows: readonly (readonly [string, (index: SampleIndex) => void, RunOptions?])[] = [
  ['removes an application', (index) => index.removeProject('app')],
  ['quarantines an application', (index) => index.quarantine('app')],
  ['replaces a release by one that requires nothing', replaceApplication],
  ['does so while the rules change', replaceApplication, { policy: other }],
];

for (const [what, blow, options = { policy }] of someCases(blows, 2)) {
  t.test(`no more than the deletion limit is removed when upstream ${what}`, async (t) => {
    const mirror = await openApplication(t);
    blow(mirror.index);
    await mirror.runLater(options);
    const left = dependencies(mirror);
    t.equal(left.held, left.heldBack);
    t.ok(left.held >= 10, 'a day takes a fifth');
    t.equal(mirror.eventsOf('deletions-held-back')[0]?.deletions.length, left.held);
    t.same(mirror.problems(), []);
    mirror.clock.advance(2 * dayMs);
    await mirror.run(options);
    t.same(dependencies(mirror), left, 'time alone lets nothing go');
    await mirror.runLater({ policy: policyFrom('projects = ["app", "absent"]\ndependencies = true') });
    t.same(dependencies(mirror), left, 'nor do rules that have nothing to do with it');
    await mirror.runLater({ ...options, allowDeletions: 100 });
    t.same(dependencies(mirror), { held: 0, heldBack: 0 });
    t.same(unsound(mirror), []);
  });
}

t.test('removals of the morning count in the afternoon, and are reported', async (t) => {
  const mirror = await openApplication(t);
  mirror.index.publish(makeWheel({ name: 'app', version: '1.1', requires: names.slice(6) }));
  mirror.index.removeRelease('app', '1.0');
  await mirror.runLater({ policy });
  t.same(dependencies(mirror), { held: 54, heldBack: 0 });
  const told = mirror.remembered((state) => state.removals.latest(60));
  t.equal(told.filter(({ why, path }) => why === 'not required any more' && path === undefined).length, 6);
  mirror.index.publish(makeWheel({ name: 'app', version: '1.2' }));
  mirror.index.removeRelease('app', '1.1');
  await mirror.runLater({ policy });
  t.same(dependencies(mirror), { held: 50, heldBack: 50 }, 'with the application, of which everything went, eleven');
});

t.test(
  'a held-back removal happens at once on quarantine, and is dropped when the project is required again',
  async (t) => {
    const mirror = await openApplication(t);
    mirror.index.removeProject('app');
    await mirror.runLater({ policy });
    const [first = ''] = namesOf(mirror);
    mirror.index.quarantine(first);
    await mirror.runLater({ policy });
    t.notOk(namesOf(mirror).includes(first));
    t.same(mirror.problems(), []);
    mirror.index.clearQuarantine(first);
    mirror.index.publish(makeWheel({ name: 'app', version: '2.0', requires: names }));
    mirror.clock.advance(2 * dayMs);
    await mirror.run({ policy });
    mirror.clock.advance(2 * dayMs);
    await mirror.run({ policy });
    t.same(dependencies(mirror), { held: 60, heldBack: 0 });
    t.same(unsound(mirror), []);
  },
);

t.test('a change of the rules takes effect at once, also when it is interrupted', async (t) => {
  const mirror = await openApplication(t);
  const stop = new AbortController();
  const report = ({ type }: { type: string }): void => {
    if (type === 'file-removed') stop.abort();
  };
  const next = policyFrom('projects = ["extra"]\ndependencies = true');
  await t.rejects(mirror.runLater({ policy: next, report, signal: stop.signal }), { code: 'paused' });
  t.ok(dependencies(mirror).held > 50);
  await mirror.runLater({ policy: next });
  t.same(dependencies(mirror), { held: 0, heldBack: 0 });
  t.same(unsound(mirror), []);
});

/** The name of a file is never used again: other bytes under it are an alarm, whoever was tampered with. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { restoreProject } from '../../../src/adopt/restore-project.ts';
import { treeOf } from '../../fixtures/reader-check.ts';
import { named, openMirrorAt, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';

const wheel = 'alpha-1.0-py3-none-any.whl';
const hourMs = 60 * 60_000;

interface Tampered {
  readonly mirror: TestMirror;
  readonly ours: Buffer;
  readonly path: string;
}

/** A mirror of an index that lists other bytes under the name of a wheel, at another path, and one release more. */
async function openTampered(t: Test): Promise<Tampered> {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const path = mirror.pathOf('alpha', wheel);
  const ours = readFileSync(join(mirror.web, path));
  mirror.index.removeFile('alpha', wheel);
  mirror.index.publish(makeWheel({ name: 'alpha', version: '1.0', files: { 'alpha/evil.py': Buffer.from('evil') } }));
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  return { mirror, ours, path };
}

t.test('other bytes under the name of a held file: ours stays, with its entry, and an alarm is raised', async (t) => {
  const { mirror, ours, path } = await openTampered(t);
  const before = mirror.page('alpha').files;
  const result = await mirror.runLater();
  t.same([...result.parked], ['alpha']);
  t.match(mirror.eventsOf('project-parked'), [{ name: 'alpha', expected: false }], 'so the run exits with 1');
  t.match(mirror.parkings(), [
    /"alpha-1\.0-py3-none-any\.whl": the hash changed: \w{64} is held, \w{64} is listed; .* \(pep381run --accept-changes\)$/,
  ]);
  t.ok(readFileSync(join(mirror.web, path)).equals(ours));
  const now = mirror.page('alpha').files;
  t.same(
    before.filter((file) => !now.some((other) => JSON.stringify(other) === JSON.stringify(file))),
    [],
  );
  t.same(mirror.page('alpha').versions, ['1.0', '2.0'], 'what else the project has is taken');
  t.ok(mirror.filenames('alpha').includes('alpha-2.0-py3-none-any.whl'));
  t.notOk(
    mirror.requested().some((asked) => asked.includes('alpha-1.0')),
    'and theirs is not even fetched',
  );
  t.same(treeOf(join(mirror.target, 'trash')), []);
  t.same(mirror.page('beta').versions, ['1.0', '2.0'], 'the others go on');
  t.same(mirror.problems(), []);
});

t.test('the alarm is raised again, until somebody decides', async (t) => {
  const { mirror, ours, path } = await openTampered(t);
  for (let day = 0; day < 3; day += 1) {
    mirror.clock.advance(24 * hourMs);
    t.same([...(await mirror.run()).parked], ['alpha']);
  }
  t.match(
    mirror.remembered((state) => state.queue.parked(9)),
    [{ due: { name: 'alpha' }, reason: /the hash changed/ }],
  );
  t.ok(readFileSync(join(mirror.web, path)).equals(ours));
});

t.test('--accept-changes replaces the changed files of a project at once', async (t) => {
  const { mirror, path } = await openTampered(t);
  await mirror.runLater();
  await mirror.run({ settings: { acceptChanges: named('beta') } });
  t.ok(existsSync(join(mirror.web, path)), 'what is said of another project means nothing');
  const result = await mirror.run({ settings: { acceptChanges: named('alpha') } });
  t.equal(result.parked.size, 0);
  t.notOk(existsSync(join(mirror.web, path)));
  t.ok(existsSync(join(mirror.web, mirror.pathOf('alpha', wheel))));
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.match(treeOf(join(mirror.target, 'trash')).join(' '), wheel, 'ours can be brought back');
  t.same(mirror.problems(), []);
  t.equal((await mirror.runLater()).parked.size, 0);
});

t.test('a yank counts although the bytes that are listed do not', async (t) => {
  const { mirror } = await openTampered(t);
  mirror.index.yank('alpha', '1.0', 'malware');
  await mirror.runLater();
  t.match(mirror.parkings(), [/the hash changed/]);
  t.match(
    mirror.page('alpha').files.find(({ filename }) => filename === wheel),
    { yanked: 'malware', url: /^\.\.\/\.\.\// },
  );
  t.same(mirror.problems(), []);
});

t.test('accepting changes asks for no project that is not held', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  await mirror.runLater({ settings: { acceptChanges: named('nobody') } });
  t.same(mirror.requested(), ['changelog_since_serial']);
});

for (const [what, hashes] of Object.entries({ 'no hash any more': {}, 'md5 only': { md5: '0'.repeat(32) } })) {
  t.test(`a file that is held, and has ${what} upstream, stays as it is`, async (t) => {
    const mirror = await openTestMirror(t);
    await mirror.run();
    const before = mirror.page('beta').files;
    mirror.index.addRole('beta', 'somebody');
    mirror.alterFile('beta', (file) => ({ ...file, hashes }));
    t.same([...(await mirror.runLater()).parked], ['beta']);
    t.match(mirror.parkings(), [/the hash changed: \w{64} is held, no sha256 is listed/]);
    t.same(mirror.page('beta').files, before);
    t.same(mirror.problems(), []);
  });
}

/** What takes a file off its page, and what puts other bytes under its name there. */
const detours: Record<string, { away(mirror: TestMirror): void; back(mirror: TestMirror): void }> = {
  'its project was in quarantine': {
    away: ({ index }) => index.quarantine('alpha'),
    back: ({ index }) => {
      index.clearQuarantine('alpha');
      index.removeFile('alpha', wheel);
    },
  },
  'it was off its page': { away: ({ index }) => index.removeFile('alpha', wheel), back: () => {} },
  'its project was gone': { away: ({ index }) => index.removeProject('alpha'), back: () => {} },
};

for (const [what, { away, back }] of Object.entries(detours)) {
  t.test(`a file gets no other bytes after ${what} for a run`, async (t) => {
    const mirror = await openTestMirror(t);
    await mirror.run();
    away(mirror);
    await mirror.runLater();
    back(mirror);
    mirror.index.publish(makeWheel({ name: 'alpha', version: '1.0', files: { 'alpha/evil.py': Buffer.from('evil') } }));
    const result = await mirror.runLater();
    t.same([...result.parked], ['alpha']);
    t.match(mirror.parkings(), [
      /"alpha-1\.0-py3-none-any\.whl": the hash changed: \w{64} was held, \w{64} is listed; /,
    ]);
    const others = [...(mirror.index.find('alpha')?.files.keys() ?? [])].filter((name) => name !== wheel);
    t.same(mirror.filenames('alpha'), others, 'what else the project has is taken');
    t.notOk(mirror.requested().some((asked) => asked.includes(wheel)));
    await mirror.run({ settings: { acceptChanges: named('alpha') } });
    t.ok(mirror.filenames('alpha').includes(wheel));
    mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
    t.equal((await mirror.runLater()).parked.size, 0, 'what was accepted stays accepted');
    t.equal(mirror.filenames('alpha').filter((name) => name.startsWith('alpha-2.0')).length, 1);
    t.same(mirror.problems(), []);
  });
}

t.test('a quarantine that ends brings back what was held', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const before = mirror.filenames('alpha');
  mirror.index.quarantine('alpha');
  await mirror.runLater();
  t.same(mirror.filenames('alpha'), []);
  mirror.index.clearQuarantine('alpha');
  t.equal((await mirror.runLater()).parked.size, 0);
  t.same(mirror.filenames('alpha'), before);
  t.same(mirror.problems(), []);
});

t.test('a file that a restored project lacks is not forgotten', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.removeFile('alpha', wheel);
  await mirror.runLater();
  mirror.index.removeProject('alpha');
  await mirror.runLater();
  const { mirror: opened, close } = openMirrorAt(mirror.target, mirror.server.url, mirror.clock);
  const [alpha] = named('alpha');
  if (alpha !== undefined) await restoreProject({ ...opened, keepSerials: true }, alpha);
  await close();
  mirror.index.publish(makeWheel({ name: 'alpha', version: '1.0', files: { 'alpha/evil.py': Buffer.from('evil') } }));
  await mirror.runLater();
  t.match(mirror.parkings(), [/the hash changed: \w{64} was held/]);
});

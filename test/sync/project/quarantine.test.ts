/** Projects and releases in quarantine are hidden at once, whatever happens to them later. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';

const settings = { keepRemoved: true };
const page = /^GET \/simple\/alpha\//;

function held(mirror: TestMirror, paths: readonly string[]): boolean[] {
  return paths.map((path) => existsSync(join(mirror.web, path)));
}

function reasons(mirror: TestMirror): string[] {
  const { removed } = JSON.parse(mirror.text('removed.json')) as {
    removed: { project: string; path?: string; why: string }[];
  };
  return removed.map(({ project, path, why }) => `${project} ${path?.split('/').at(-1) ?? ''} ${why}`).sort();
}

t.test('a quarantined release is removed like a quarantined project, and comes back by itself', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  await mirror.run({ settings });
  const [bad, good] = [
    mirror.pathOf('beta', 'beta-2.0-py3-none-any.whl'),
    mirror.pathOf('beta', 'beta-1.0-py3-none-any.whl'),
  ];
  mirror.index.quarantineRelease('beta', '2.0');
  await mirror.runLater({ settings });
  t.same(mirror.page('beta').versions, ['1.0']);
  t.equal(mirror.page('beta')['project-status'].status, 'active');
  t.same(held(mirror, [bad, good]), [false, true], 'although what is removed is kept');
  t.same(reasons(mirror), ['beta beta-2.0-py3-none-any.whl quarantined upstream']);

  mirror.index.clearReleaseQuarantine('beta', '2.0');
  await mirror.runLater({ settings });
  t.same(mirror.page('beta').versions, ['1.0', '2.0']);
  t.same(held(mirror, [bad, good]), [true, true]);
  t.same(mirror.problems(), []);

  mirror.index.removeRelease('beta', '2.0');
  await mirror.runLater({ settings });
  t.same(held(mirror, [bad, good]), [true, true], 'what was cleared and then removed was only removed');
});

t.test('a quarantined release is outside of the deletion limit, and lets no other file go', async (t) => {
  const mirror = await openTestMirror(t);
  for (let at = 0; at < 60; at += 1) {
    mirror.index.publish(makeSdist({ name: 'alpha', version: `3.${at}` }));
    mirror.index.publish(makeSdist({ name: 'alpha', version: `4.${at}` }));
  }
  await mirror.run();
  for (let at = 0; at < 60; at += 1) mirror.index.quarantineRelease('alpha', `3.${at}`);
  await mirror.runLater();
  t.equal(mirror.filenames('alpha').length, 62);
  t.same(mirror.eventsOf('deletions-held-back'), []);
  const limit = mirror.remembered((state) => state.removals.since(0));
  t.same(limit, { removals: [], shares: new Map() });
});

t.test('a release that was put in quarantine and then removed does not stay', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0.0' }));
  await mirror.run({ settings });
  const bad = mirror.pathOf('beta', 'beta-2.0.0-py3-none-any.whl');
  mirror.index.quarantineRelease('beta', '2.0.0');
  mirror.index.removeRelease('beta', '2.0.0');
  await mirror.runLater({ settings });
  t.same(held(mirror, [bad]), [false]);
  t.same(reasons(mirror), ['beta beta-2.0.0-py3-none-any.whl quarantined upstream']);
});

t.test('a project that was taken for removed goes when the changelog says that it is in quarantine', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  await mirror.run({ settings });
  const bad = mirror.pathOf('beta', 'beta-2.0-py3-none-any.whl');
  mirror.index.addRole('beta', 'somebody');
  const { serial } = mirror.index;
  mirror.index.quarantineRelease('beta', '2.0');
  const late = mirror.index.journal.splice(mirror.index.journal.findIndex((row) => row[4] > serial));
  await mirror.runLater({ settings });
  t.same(held(mirror, [bad]), [true], 'the page was newer than the changelog that was read');
  mirror.index.journal.push(...late);
  await mirror.runLater({ settings });
  t.same(held(mirror, [bad]), [false]);
  await mirror.runLater({ settings });
  t.same(mirror.requested(), ['changelog_since_serial']);
});

for (const [what, end] of [
  ['', () => {}],
  [' and roles', (mirror: TestMirror) => mirror.index.addStrayRow('alpha', null, 'remove Owner somebody')],
] as const) {
  t.test(`a project that was put in quarantine and then removed${what} does not stay`, async (t) => {
    const mirror = await openTestMirror(t);
    await mirror.run({ settings });
    const paths = ['alpha-1.0-py3-none-any.whl', 'alpha-1.0.tar.gz'].map((file) => mirror.pathOf('alpha', file));
    mirror.index.quarantine('alpha');
    mirror.index.removeProject('alpha');
    end(mirror);
    await mirror.runLater({ settings });
    t.notOk(existsSync(join(mirror.web, 'simple/alpha')));
    t.same(held(mirror, paths), [false, false]);
    t.same(reasons(mirror), [
      'alpha  quarantined upstream',
      'alpha alpha-1.0-py3-none-any.whl quarantined upstream',
      'alpha alpha-1.0.tar.gz quarantined upstream',
    ]);
    t.same(mirror.problems(), []);
  });
}

t.test('a quarantine that was lifted before the project was removed does not count', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run({ settings });
  const path = mirror.pathOf('alpha', 'alpha-1.0.tar.gz');
  mirror.index.quarantine('alpha');
  mirror.index.clearQuarantine('alpha');
  mirror.index.removeProject('alpha');
  await mirror.runLater({ settings });
  t.same(held(mirror, [path]), [true]);
  t.match(reasons(mirror)[0], 'removed upstream');
});

const spoilt = [
  ['is older', (mirror: TestMirror) => mirror.server.faults.freeze('alpha')],
  ['cannot be had', (mirror: TestMirror) => mirror.server.faults.add({ do: 'status', status: 500, match: page })],
  ['is not there', (mirror: TestMirror) => mirror.server.faults.add({ do: 'status', status: 404, match: page })],
  ['is no page', (mirror: TestMirror) => mirror.server.faults.add({ do: 'html-200', match: page })],
] as const;

for (const [what, spoil] of spoilt) {
  t.test(`a project that the changelog puts in quarantine is hidden although its page ${what}`, async (t) => {
    const mirror = await openTestMirror(t);
    await mirror.run({ settings });
    const path = mirror.pathOf('alpha', 'alpha-1.0.tar.gz');
    const others = mirror.page('beta');
    spoil(mirror);
    mirror.index.quarantine('alpha');
    await mirror.runLater({ settings });
    t.equal(mirror.page('alpha')['project-status'].status, 'quarantined');
    t.same(mirror.filenames('alpha'), []);
    t.same(held(mirror, [path]), [false], 'although what is removed is kept');
    t.same([...new Set(reasons(mirror).map((line) => line.split(' ').slice(2).join(' ')))], ['quarantined upstream']);
    t.match(mirror.parkings(), [/^alpha: /], 'and it waits for its page');
    t.same(mirror.page('beta'), others);

    mirror.server.faults.thaw();
    mirror.server.faults.clear();
    mirror.index.clearQuarantine('alpha');
    await mirror.runLater({ settings });
    t.equal(mirror.page('alpha')['project-status'].status, 'active');
    t.same(held(mirror, [path]), [true]);
    t.same(mirror.problems(), []);
  });
}

for (const [what, spoil] of spoilt) {
  t.test(`a release that the changelog puts in quarantine is hidden although its page ${what}`, async (t) => {
    const mirror = await openTestMirror(t);
    mirror.index.publish(makeSdist({ name: 'alpha', version: '2.0' }));
    await mirror.run({ settings });
    const [bad, good] = [mirror.pathOf('alpha', 'alpha-2.0.tar.gz'), mirror.pathOf('alpha', 'alpha-1.0.tar.gz')];
    spoil(mirror);
    mirror.index.quarantineRelease('alpha', '2.0');
    await mirror.runLater({ settings });
    t.notOk(mirror.filenames('alpha').includes('alpha-2.0.tar.gz'));
    t.ok(mirror.filenames('alpha').includes('alpha-1.0.tar.gz'));
    t.same(held(mirror, [bad, good]), [false, true], 'although what is removed is kept');
    t.match(mirror.parkings(), [/^alpha: /], 'and it waits for its page');

    mirror.server.faults.thaw();
    mirror.server.faults.clear();
    mirror.index.clearReleaseQuarantine('alpha', '2.0');
    await mirror.runLater({ settings });
    t.same(held(mirror, [bad, good]), [true, true]);
    t.same(mirror.problems(), []);
  });
}

t.test('changelog entries of a project are remembered until it is finished, and its removal for longer', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const of = (name: string) => mirror.remembered((state) => state.changelog.of(name as never));
  mirror.server.faults.freeze('alpha');
  mirror.index.yank('alpha', '1.0', 'bad');
  await mirror.runLater();
  t.match(of('alpha'), [{ action: 'yank release', version: '1.0', serial: 1011, at: Number }]);
  mirror.server.faults.thaw();
  await mirror.runLater();
  t.same(of('alpha'), []);
  mirror.index.removeProject('alpha');
  await mirror.runLater();
  t.match(of('alpha'), [{ action: 'remove project', serial: 1012 }]);
});

/** What upstream says less of than before: pages that answer 404, tell no serial, or are older than their removal. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { fingerprint } from '../../fixtures/reader-check.ts';
import { syncedCopies } from '../../fixtures/synced-copies.ts';
import { named, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';

const openSynced = syncedCopies(t);

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;

const isHere = (mirror: TestMirror, name: string) => existsSync(join(mirror.web, 'simple', name));
const release = (mirror: TestMirror, name: string, version: string) =>
  mirror.index.publish(makeWheel({ name, version }));

t.test('without changelog and list a 404 removes nothing, and is reported', async (t) => {
  const mirror = await openTestMirror(t);
  const policy = policyFrom('projects = ["alpha", "beta"]');
  mirror.server.faults.add({ do: 'xmlrpc-off' });
  await mirror.run({ policy });
  mirror.server.faults.add({ do: 'status', status: 404, match: /\/simple\/(?:alpha\/)?$/ });
  for (let day = 0; day < 3; day += 1) {
    mirror.clock.advance(dayMs);
    const { parked } = await mirror.run({ policy });
    t.same([...parked], ['alpha']);
  }
  t.match(
    mirror.warnings().join('\n'),
    /no list of projects to tell whether alpha was removed: \S+\/simple\/: .*found 404/,
  );
  t.match(mirror.parkings(), [/^alpha: .* did not say that it was removed: it stays as long as no list/]);
  t.ok(isHere(mirror, 'alpha'));
  mirror.server.faults.clear();
  mirror.server.faults.add({ do: 'xmlrpc-off' });
  mirror.index.removeProject('alpha');
  mirror.clock.advance(dayMs);
  await mirror.run({ policy });
  t.notOk(isHere(mirror, 'alpha'), 'where the list can be read it counts');
});

t.test('a list that was made before the project was seen last proves nothing', async (t) => {
  const mirror = await openTestMirror(t);
  const policy = policyFrom('projects = ["delta", "beta"]');
  mirror.server.faults.freezeList();
  release(mirror, 'delta', '1.0');
  await mirror.run({ policy });
  t.ok(isHere(mirror, 'delta'));
  mirror.index.addRole('delta', 'somebody');
  mirror.server.faults.add({ do: 'status', status: 404, match: /\/simple\/delta\/$/ });
  await mirror.runLater({ policy });
  await mirror.runLater({ policy });
  await mirror.runLater({ policy });
  t.ok(isHere(mirror, 'delta'));
});

t.test('a page without a serial is not newer than one that had a serial', async (t) => {
  const mirror = await openTestMirror(t);
  release(mirror, 'alpha', '2.0');
  await mirror.run();
  const before = fingerprint(join(mirror.web, 'simple/alpha'));
  mirror.index.addRole('alpha', 'somebody');
  const back = mirror.alterPage('alpha', (page) => ({
    ...page,
    meta: { 'api-version': '1.4' },
    files: page.files.filter(({ filename }) => !filename.includes('2.0')),
  }));
  await mirror.runLater();
  const encodings = mirror.server.requests.map(({ headers }) => headers['accept-encoding']);
  t.same(encodings.slice(1), ['gzip', 'identity', 'gzip', 'identity', 'gzip']);
  t.match(
    mirror.eventsOf('project-parked'),
    Array(5).fill({ reason: /tells no serial, where the one before had 10\d\d$/ }),
  );
  for (let day = 0; day < 2; day += 1) {
    mirror.clock.advance(dayMs);
    await mirror.run();
    t.match(mirror.eventsOf('project-parked'), [{ expected: false, reason: /tells no serial.*, and ours stays/ }]);
  }
  t.same(fingerprint(join(mirror.web, 'simple/alpha')), before);
  back();
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.same(mirror.parkings(), []);
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
});

t.test('an index without serials is followed', async (t) => {
  const mirror = await openTestMirror(t);
  const decide = () => {
    for (const { name } of mirror.index.projects())
      mirror.alterPage(name, (page) => ({ ...page, meta: { 'api-version': '1.4' } }));
    const list = {
      meta: { 'api-version': '1.4' },
      projects: mirror.index.projects().map(({ displayName }) => ({ name: displayName })),
    };
    const contentType = 'application/vnd.pypi.simple.v1+json';
    mirror.server.faults.add({ do: 'xmlrpc-off' });
    mirror.server.faults.add({ do: 'body', body: JSON.stringify(list), contentType, match: /^GET \/simple\/$/ });
  };
  decide();
  await mirror.run();
  mirror.server.faults.clear();
  release(mirror, 'alpha', '2.0');
  decide();
  await mirror.runLater();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(mirror.parkings(), []);
  t.same(mirror.problems(), []);
});

t.test('--reconcile follows an index that has no serials any more', async (t) => {
  const mirror = await openSynced(t);
  release(mirror, 'alpha', '2.0');
  for (const { name } of mirror.index.projects())
    mirror.alterPage(name, (page) => ({ ...page, meta: { 'api-version': '1.4' } }));
  const list = {
    meta: { 'api-version': '1.4' },
    projects: mirror.index.projects().map(({ displayName }) => ({ name: displayName })),
  };
  const contentType = 'application/vnd.pypi.simple.v1+json';
  mirror.server.faults.add({ do: 'xmlrpc-off' });
  mirror.server.faults.add({ do: 'body', body: JSON.stringify(list), contentType, match: /^GET \/simple\/$/ });
  await mirror.runLater({ settings: { reconcile: true } });
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(mirror.parkings(), []);
});

for (const [what, policy] of [
  ['of everything', undefined],
  ['that names its projects', policyFrom('projects = ["alpha", "beta"]')],
] as const) {
  t.test(`a page that is older than its removal is never accepted, by a mirror ${what}`, async (t) => {
    const mirror = await openTestMirror(t);
    await mirror.run({ policy });
    mirror.server.faults.freeze('alpha');
    mirror.index.removeProject('alpha');
    await mirror.runLater({ policy });
    t.match(mirror.parkings()[0], /^alpha: upstream's page has serial 1004, from before its removal at 1011$/);
    t.ok(isHere(mirror, 'alpha'), 'as the page may be right, the list is looked at');
    mirror.clock.advance(15 * 60_000);
    await mirror.run({ policy });
    t.ok(mirror.requested().includes('/simple/'));
    t.notOk(isHere(mirror, 'alpha'), 'which is asked for it, and not the page alone');
    t.same(mirror.parkings(), []);
    for (let day = 0; day < 3; day += 1) {
      mirror.clock.advance(dayMs);
      await mirror.run({ policy });
      t.notOk(isHere(mirror, 'alpha'), 'nor does it come back while a cache has it');
      t.same(mirror.parkings(), []);
    }
    mirror.server.faults.thaw();
    release(mirror, 'alpha', '5.0');
    await mirror.runLater({ policy });
    t.same(mirror.page('alpha').versions, ['5.0'], 'a new project of that name does');
    t.same(mirror.problems(), []);
  });
}

for (const [what, fault] of [
  ['cannot be had', { do: 'status', status: 500 }],
  ['leads elsewhere', { do: 'redirect', location: '/login' }],
  ['is no page', { do: 'html-200' }],
] as const) {
  t.test(`a project that was removed goes although its page ${what}, once the list lacks it`, async (t) => {
    const mirror = await openSynced(t);
    mirror.server.faults.freezeList();
    mirror.server.faults.add({ ...fault, match: /^GET \/simple\/alpha\// });
    mirror.index.removeProject('alpha');
    for (let hours = 0; hours < 3; hours += 1) {
      await mirror.runLater();
      t.match(mirror.parkings(), [/^alpha: /]);
      t.ok(isHere(mirror, 'alpha'), 'an old list says nothing');
    }
    mirror.server.faults.thaw();
    mirror.clock.advance(dayMs);
    await mirror.run();
    t.notOk(isHere(mirror, 'alpha'));
    t.same(mirror.parkings(), []);
    t.same(mirror.problems(), []);
  });
}

t.test('a removal whose list is old, too, waits, and does not accept the page after a day', async (t) => {
  const mirror = await openSynced(t);
  mirror.server.faults.freeze('alpha');
  mirror.server.faults.freezeList();
  mirror.index.removeProject('alpha');
  for (let day = 0; day < 3; day += 1) {
    mirror.clock.advance(dayMs);
    const { parked } = await mirror.run();
    t.same([...parked], ['alpha']);
    t.same(mirror.warnings(), []);
  }
  mirror.server.faults.thaw();
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.notOk(isHere(mirror, 'alpha'));
});

t.test('a project that was never held is not waited for, although an old page says that it exists', async (t) => {
  const mirror = await openSynced(t);
  release(mirror, 'delta', '1.0');
  mirror.server.faults.freeze('delta');
  mirror.index.removeProject('delta');
  await mirror.runLater();
  t.same(mirror.parkings(), []);
  t.notOk(isHere(mirror, 'delta'));
});

t.test('a restored project stays while a cache has the page from before its removal', async (t) => {
  const mirror = await openSynced(t);
  mirror.remembered((state) => state.removals.markRestored(named('alpha')[0] as never));
  mirror.server.faults.freeze('alpha');
  mirror.index.removeProject('alpha');
  const { parked } = await mirror.runLater();
  t.equal(parked.size, 0);
  t.ok(isHere(mirror, 'alpha'));
  t.equal(
    mirror.remembered((state) => state.held.project(named('alpha')[0] as never).restored),
    true,
  );
});

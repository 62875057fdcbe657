import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fingerprint } from '../../fixtures/reader-check.ts';
import { syncedCopies } from '../../fixtures/synced-copies.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';

const openSynced = syncedCopies(t);

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const release = (mirror: TestMirror, name: string, version: string) =>
  mirror.index.publish(makeWheel({ name, version }));

/** What the pages of `name` were asked for with. */
const encodings = (mirror: TestMirror, name: string) =>
  mirror.server.requests
    .filter(({ path }) => path === `/simple/${name}/`)
    .map(({ headers }) => headers['accept-encoding']);

t.test(
  'an old page is requested again after 2, 5, 15 and 60 seconds, in both encodings, then left for the next run',
  async (t) => {
    const mirror = await openSynced(t);
    const before = fingerprint(join(mirror.web, 'simple/alpha'));
    mirror.server.faults.freeze('alpha');
    release(mirror, 'alpha', '2.0');
    const result = await mirror.runLater();
    t.same([...result.parked], ['alpha']);
    t.same(
      mirror.eventsOf('waiting').map(({ ms }) => Math.round(ms / 1000)),
      [2, 5, 15, 60],
    );
    t.same(encodings(mirror, 'alpha'), ['gzip', 'identity', 'gzip', 'identity', 'gzip']);
    const parked = mirror.eventsOf('project-parked');
    t.match(parked.at(-1), { expected: true, reason: /^upstream's page has serial 1004, expected 1012$/ });
    t.equal((parked.at(-1)?.nextTry ?? 0) - mirror.clock.now(), 5 * minuteMs);
    t.same(fingerprint(join(mirror.web, 'simple/alpha')), before);

    await mirror.run();
    t.same(encodings(mirror, 'alpha'), [], 'not before its time');
    mirror.clock.advance(5 * minuteMs);
    await mirror.run();
    t.same(encodings(mirror, 'alpha'), ['identity']);
    mirror.server.faults.clear();
    mirror.clock.advance(15 * minuteMs);
    await mirror.run();
    t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
    t.same(mirror.problems(), []);
  },
);

t.test('a page that is fresh in the other encoding is taken', async (t) => {
  const mirror = await openSynced(t);
  mirror.server.faults.freeze('alpha', { encoding: 'gzip' });
  release(mirror, 'alpha', '2.0');
  const result = await mirror.run();
  t.equal(result.parked.size, 0);
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(encodings(mirror, 'alpha'), ['gzip', 'identity']);
});

t.test('one old page does not hold up the others, nor the serial', async (t) => {
  const mirror = await openSynced(t);
  mirror.server.faults.freeze('alpha');
  release(mirror, 'alpha', '2.0');
  release(mirror, 'beta', '2.0');
  const done: [string, number][] = [];
  const started = mirror.clock.now();
  await mirror.run({
    report: (event) => {
      if (event.type === 'project-done') done.push([event.name, mirror.clock.now() - started]);
    },
  });
  t.match(done, [['beta', 0]]);
  t.same(mirror.page('beta').versions, ['1.0', '2.0']);
  t.equal(mirror.page().meta['_last-serial'], mirror.index.serial);
  t.same(mirror.problems(), []);
});

t.test('a promised serial that does not arrive within a day is given up, with a warning', async (t) => {
  const mirror = await openSynced(t);
  mirror.index.addStrayRow('alpha', '1.0', 'yank release');
  mirror.index.archive('alpha');
  await mirror.run();
  t.match(mirror.parkings(), [/^alpha: upstream's page has serial/]);
  mirror.clock.advance(23 * hourMs);
  const still = await mirror.run();
  t.same([...still.parked], ['alpha']);
  mirror.clock.advance(hourMs);
  const result = await mirror.run();
  t.equal(result.parked.size, 0);
  t.match(mirror.warnings(), [/^alpha: serial 1011 never arrived; took the page at 1004$/]);
  t.equal(mirror.page('alpha')['project-status'].status, 'archived');
  t.match(
    mirror.remembered((state) => state.totals()),
    { queued: 0 },
  );
});

t.test('an unchanged page is not accepted, either, while a higher serial is promised', async (t) => {
  const mirror = await openSynced(t);
  mirror.index.addStrayRow('alpha', null, 'update');
  await mirror.run();
  t.equal(mirror.server.requests.find(({ path }) => path === '/simple/alpha/')?.status, 304);
  t.match(mirror.parkings()[0], /expected 1011/);
});

t.test('a wait for one serial does not shorten the wait for the next', async (t) => {
  const mirror = await openSynced(t);
  mirror.server.faults.add({ do: 'status', status: 500, match: /\/simple\/alpha\/$/ });
  release(mirror, 'alpha', '2.0');
  await mirror.run();
  mirror.clock.advance(2 * dayMs);
  mirror.server.faults.clear();
  mirror.server.faults.freeze('alpha');
  release(mirror, 'alpha', '3.0');
  const result = await mirror.run();
  t.same([...result.parked], ['alpha'], 'the old page is not taken at once');
  mirror.server.faults.clear();
  await mirror.runLater();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0', '3.0']);
});

t.test('a page that goes back to an older serial is refused', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.freeze('alpha');
  release(mirror, 'alpha', '2.0');
  mirror.server.faults.thaw();
  await mirror.run();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  const before = fingerprint(mirror.web);
  const old = mirror.index.find('alpha');
  if (old === undefined) throw new Error('alpha is missing');
  old.serial = 1001;
  old.releases.delete('2.0');
  old.files.delete('alpha-2.0-py3-none-any.whl');
  mirror.clock.advance(31 * dayMs);
  await mirror.run();
  t.match(mirror.parkings()[0], /^alpha: upstream's page went back from serial 1012 to 1001$/);
  const after = fingerprint(mirror.web);
  t.same({ ...after, 'last-modified': '' }, { ...before, 'last-modified': '' });
});

t.test('a project whose removal is in the changelog is removed at once', async (t) => {
  const mirror = await openSynced(t);
  mirror.index.removeProject('alpha');
  await mirror.run();
  t.notOk(existsSync(join(mirror.web, 'simple/alpha')));
  t.same(mirror.parkings(), []);
});

t.test(
  'a 404 without a removal in the changelog deletes nothing while the list has the project, and is reported',
  async (t) => {
    const mirror = await openSynced(t);
    const before = fingerprint(mirror.web);
    mirror.index.addRole('alpha', 'somebody');
    mirror.server.faults.add({ do: 'status', status: 404, match: /\/simple\/alpha\/$/ });
    const kept = () => {
      const after = fingerprint(mirror.web);
      const changing = { 'last-modified': '', 'simple/index.v1_json': '', 'simple/index.v1_json.gz': '' };
      t.same({ ...after, ...changing }, { ...before, ...changing });
    };
    const first = await mirror.run();
    t.same([...first.parked], ['alpha']);
    kept();
    mirror.clock.advance(2 * minuteMs);
    await mirror.run();
    t.same(mirror.parkings().length, 1, 'asked again after two minutes');
    kept();
    mirror.clock.advance(57 * minuteMs);
    await mirror.run();
    t.same(mirror.requested(), ['changelog_since_serial']);
    mirror.clock.advance(minuteMs);
    await mirror.run();
    t.same(mirror.requested(), ['changelog_since_serial', '/simple/', '/simple/alpha/']);
    t.match(mirror.parkings(), [/^alpha: upstream answers that it does not exist.*: it stays as long as no list/]);
    kept();
    for (let day = 0; day < 3; day += 1) {
      mirror.clock.advance(dayMs);
      const later = await mirror.run();
      t.same([...later.parked], ['alpha']);
      kept();
    }
  },
);

t.test('an absent project is removed once a list newer than the 404 lacks it, too', async (t) => {
  const mirror = await openSynced(t);
  const { serial } = mirror.index;
  mirror.index.addRole('alpha', 'somebody');
  mirror.index.removeProject('alpha');
  mirror.index.journal.splice(mirror.index.journal.findIndex((row) => row[4] > serial + 1));
  await mirror.run();
  t.match(mirror.parkings(), [/^alpha: upstream answers that it does not exist/]);
  await mirror.runLater();
  t.match(mirror.eventsOf('project-done'), [{ name: 'alpha', outcome: 'removed' }]);
  t.notOk(existsSync(join(mirror.web, 'simple/alpha')));
  t.same(mirror.problems(), []);
});

t.test('a project that was just created and still answers 404 arrives later', async (t) => {
  const mirror = await openSynced(t);
  mirror.server.faults.freeze('delta');
  release(mirror, 'delta', '1.0');
  await mirror.run();
  t.match(mirror.eventsOf('project-parked'), [{ name: 'delta', expected: true }]);
  mirror.server.faults.clear();
  mirror.clock.advance(2 * minuteMs);
  await mirror.run();
  t.same(mirror.page('delta').versions, ['1.0']);
});

t.test('a first 404 deletes nothing, however long the project waited in the queue for other reasons', async (t) => {
  const mirror = await openSynced(t);
  mirror.index.addRole('alpha', 'somebody');
  const off = mirror.server.faults.add({ do: 'status', status: 500, match: /\/simple\/alpha\/$/ });
  await mirror.run();
  off();
  mirror.server.faults.add({ do: 'status', status: 404, match: /\/simple\/alpha\/$/ });
  mirror.clock.advance(3 * hourMs);
  const result = await mirror.run();
  t.same([...result.parked], ['alpha']);
  t.ok(existsSync(join(mirror.web, 'simple/alpha/index.html')));
});

t.test('a quarantined project that is gone from the list stays, with its empty page', async (t) => {
  const mirror = await openSynced(t);
  const { serial } = mirror.index;
  mirror.index.quarantine('alpha');
  mirror.index.journal.splice(mirror.index.journal.findIndex((row) => row[4] > serial));
  await mirror.runLater({ settings: { reconcile: true } });
  t.match(mirror.page('alpha'), { files: [], 'project-status': { status: 'quarantined' } });
  t.same(mirror.problems(), []);
  t.same(mirror.parkings(), []);
});

/** A clock that was years ahead for a while: nothing waits for that time to come. */
import { join } from 'node:path';
import t from 'tap';
import { indexOfMany, removeMany } from '../../fixtures/index-of-many.ts';
import { treeOf } from '../../fixtures/reader-check.ts';
import { syncedCopies } from '../../fixtures/synced-copies.ts';
import { openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';

const openSynced = syncedCopies(t);

const minuteMs = 60_000;
const tenYearsMs = 10 * 365 * 24 * 60 * minuteMs;

for (const status of [404, 500]) {
  t.test(
    `a project that failed with ${status} under a wrong clock is tried again once the clock is right`,
    async (t) => {
      const mirror = await openSynced(t);
      mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
      const off = mirror.server.faults.add({ do: 'status', status, match: /alpha-2\.0.*\.whl$/ });
      mirror.clock.advance(tenYearsMs);
      t.same([...(await mirror.run()).parked], status === 500 ? ['alpha'] : []);
      off();
      mirror.clock.advance(minuteMs - tenYearsMs);
      await mirror.run();
      t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
    },
  );
}

t.test('the list is compared again although it was last compared under a wrong clock', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.clock.advance(tenYearsMs);
  await mirror.run();
  mirror.clock.advance(minuteMs - tenYearsMs);
  await mirror.run();
  t.ok(mirror.requested().includes('/simple/'));
  t.ok(mirror.requested().includes('/simple/alpha/'), 'and what was seen by it is looked at again');
  await mirror.run();
  t.notOk(mirror.requested().includes('/simple/'), 'but once');
  t.notOk(mirror.requested().includes('/simple/alpha/'));
});

t.test('a changelog that was given up under a wrong clock is requested again', async (t) => {
  const mirror = await openSynced(t);
  mirror.clock.advance(tenYearsMs);
  const off = mirror.server.faults.add({ do: 'xmlrpc-off' });
  await mirror.run();
  off();
  mirror.clock.advance(minuteMs - tenYearsMs);
  await mirror.run();
  t.ok(mirror.requested().includes('changelog_since_serial'));
});

t.test('an outage of the changelog that began under a wrong clock lasts an hour, not ten years', async (t) => {
  const mirror = await openSynced(t);
  mirror.clock.advance(tenYearsMs);
  mirror.server.faults.add({ do: 'status', status: 500, match: /^POST/ });
  await t.rejects(mirror.run());
  mirror.clock.advance(minuteMs - tenYearsMs);
  await t.rejects(mirror.run());
  await mirror.runLater();
  t.match(mirror.warnings(), [/^no changelog, so the list of projects is compared instead/]);
});

t.test('the trash survives a clock that is years ahead of upstream', async (t) => {
  const mirror = await openSynced(t);
  const wheel = mirror.pathOf('alpha', 'alpha-1.0-py3-none-any.whl');
  mirror.index.removeFile('alpha', 'alpha-1.0-py3-none-any.whl');
  await mirror.runLater();
  const trash = () => treeOf(join(mirror.target, 'trash')).filter((path) => path.endsWith(wheel));
  t.equal(trash().length, 1);

  mirror.clock.advance(tenYearsMs);
  mirror.upstreamAheadMs = -tenYearsMs;
  await mirror.run();
  t.equal(trash().length, 1);
  t.same(mirror.warnings(), [
    "the clock of this machine says 2036-11-19, and upstream's 2026-11-22: one of them is wrong",
  ]);

  mirror.clock.advance(-tenYearsMs);
  mirror.upstreamAheadMs = tenYearsMs;
  await mirror.run();
  t.equal(trash().length, 1, 'nor does it go by the clock of upstream');

  mirror.upstreamAheadMs = 0;
  mirror.clock.advance(32 * 24 * 60 * minuteMs);
  await mirror.run();
  t.same([trash(), mirror.warnings()], [[], []]);
});

t.test('files removed under a clock that was behind do not expire as soon as the clock is right', async (t) => {
  const mirror = await openSynced(t);
  mirror.index.removeFile('alpha', 'alpha-1.0-py3-none-any.whl');
  mirror.clock.advance(-tenYearsMs);
  mirror.upstreamAheadMs = tenYearsMs;
  await mirror.run();
  mirror.clock.advance(tenYearsMs);
  mirror.upstreamAheadMs = 0;
  await mirror.runLater();
  t.equal(treeOf(join(mirror.target, 'trash')).filter((path) => path.endsWith('.whl')).length, 1);
});

t.test('the age that a cache reports is not taken for time that has passed', async (t) => {
  const mirror = await openSynced(t);
  mirror.index.removeFile('alpha', 'alpha-1.0-py3-none-any.whl');
  await mirror.runLater();
  mirror.clock.advance(tenYearsMs);
  mirror.upstreamAheadMs = -tenYearsMs;
  const headers = { age: String(tenYearsMs / 1000) };
  mirror.server.faults.add({ do: 'headers', headers });
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  await mirror.run();
  t.same(mirror.filenames('beta').length, 2);
  t.equal(treeOf(join(mirror.target, 'trash')).filter((path) => path.endsWith('.whl')).length, 1);
});

t.test('removals dated by a wrong clock do not use up the deletion limit for years', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(60) });
  await mirror.run();
  mirror.clock.advance(tenYearsMs);
  removeMany(mirror, 0, 10);
  await mirror.run();
  mirror.clock.advance(2 * 24 * 60 * minuteMs - tenYearsMs);
  removeMany(mirror, 10, 20);
  await mirror.run();
  t.same(mirror.eventsOf('deletions-held-back'), []);
});

t.test('a permission dated by a wrong clock allows no other deletion', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(60) });
  await mirror.run();
  mirror.clock.advance(tenYearsMs);
  await mirror.run({ allowDeletions: 9 });
  mirror.clock.advance(2 * 24 * 60 * minuteMs - tenYearsMs);
  removeMany(mirror, 0, 8);
  await mirror.run();
  removeMany(mirror, 8, 14);
  await mirror.runLater();
  t.equal(mirror.eventsOf('deletions-held-back')[0]?.deletions.length, 6);
});

/** Clocks that stand elsewhere than they did, or of which nothing is known, and what is to be kept for long. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Removal } from '../../src/state/removal-log.ts';
import { treeOf } from '../fixtures/reader-check.ts';
import { named, openTestMirror, type TestMirror } from '../fixtures/test-mirror.ts';
import { makeSdist } from '../sample/distributions.ts';

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;
const wheel = 'alpha-1.0-py3-none-any.whl';
const sdist = 'alpha-1.0.tar.gz';

const isPublished = (mirror: TestMirror, name: string): boolean => existsSync(join(mirror.web, 'simple', name));

interface Removed {
  readonly complete: boolean;
  readonly removed: readonly { readonly project: string; readonly path?: string }[];
}

const removedList = (mirror: TestMirror): Removed => JSON.parse(mirror.text('removed.json')) as Removed;

t.test('without a time from upstream nothing is deleted for good by the clock of this machine alone', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const path = mirror.pathOf('alpha', wheel);
  mirror.index.removeFile('alpha', wheel);
  await mirror.runLater();
  const trash = () => treeOf(join(mirror.target, 'trash')).filter((left) => left.endsWith(path));
  t.equal(trash().length, 1);

  const { now } = mirror.server;
  mirror.server.now = () => undefined;
  mirror.clock.advance(400 * dayMs);
  mirror.index.removeFile('alpha', sdist);
  await mirror.run();
  t.same(mirror.warnings(), []);
  t.equal(trash().length, 1, 'the machine may just have been switched on with a wrong clock');
  t.ok(removedList(mirror).removed.some((entry) => entry.path === path));

  mirror.server.now = now;
  mirror.index.publish(makeSdist({ name: 'alpha', version: '9' }));
  await mirror.runLater();
  t.same(trash(), []);
});

t.test('a project that was found missing by a clock of hours to come is given up in time', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  // As an index that lost its journal: the project is gone, and only its page and the list tell.
  mirror.index.addRole('alpha', 'somebody');
  mirror.index.removeProject('alpha');
  mirror.index.journal.pop();
  mirror.clock.advance(20 * hourMs);
  t.same([...(await mirror.run()).parked], ['alpha']);
  mirror.clock.advance(10 * 60_000 - 20 * hourMs);
  mirror.index.addRole('beta', 'somebody');
  mirror.remembered((state) => state.queue.makeDue());
  await mirror.run();
  const [parking] = mirror.eventsOf('project-parked');
  if (parking !== undefined) t.ok(parking.nextTry - mirror.clock.now() <= hourMs, 'an hour at most from now');
  for (let hours = 0; hours < 26; hours += 1) await mirror.runLater();
  t.notOk(isPublished(mirror, 'alpha'));
  t.same(mirror.problems(), []);
});

t.test('a page that was found old by a clock of days to come is waited for no longer than any other', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.addStrayRow('alpha', '1.0', 'yank release');
  mirror.index.archive('alpha');
  mirror.clock.advance(3 * dayMs);
  t.same([...(await mirror.run()).parked], ['alpha']);
  mirror.clock.advance(hourMs - 3 * dayMs);
  await mirror.run();
  for (let hours = 0; hours < 26; hours += 1) await mirror.runLater();
  t.equal(mirror.page('alpha')['project-status'].status, 'archived');
  t.equal(
    mirror.remembered((state) => state.totals().queued),
    0,
  );
});

t.test('a page that was found old by a clock that was behind is waited for, and not taken at once', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.clock.advance(-3 * dayMs);
  mirror.index.addStrayRow('alpha', '1.0', 'yank release');
  mirror.index.archive('alpha');
  await mirror.run();
  mirror.index.addStrayRow('alpha', '1.0', 'unyank release');
  mirror.clock.advance(3 * dayMs + hourMs);
  t.same([...(await mirror.run()).parked], ['alpha'], 'the new row is a new start');
});

t.test('files that keep-removed keeps are still known to be kept after a year and a day', async (t) => {
  const mirror = await openTestMirror(t);
  const settings = { keepRemoved: true };
  await mirror.run({ settings });
  const kept = [mirror.pathOf('alpha', wheel), mirror.pathOf('gamma', 'gamma-1.0.tar.gz')];
  mirror.index.removeFile('alpha', wheel);
  mirror.index.removeProject('gamma');
  await mirror.runLater({ settings });
  mirror.clock.advance(366 * dayMs);
  mirror.index.removeFile('alpha', sdist);
  await mirror.run({ settings });
  await mirror.runLater({ settings });
  for (const path of kept) t.ok(existsSync(join(mirror.web, path)));
  t.same(mirror.eventsOf('deletions-held-back'), []);
  t.same(
    kept.map((path) => removedList(mirror).removed.some((entry) => entry.path === path)),
    [true, true],
  );

  await mirror.runLater();
  for (const path of kept) t.notOk(existsSync(join(mirror.web, path)), 'once the setting is taken back it goes');
  t.same(mirror.problems(), []);
});

/** Removals as another mirror tells them, the latest first; the first one is of `latestMs`. */
function removals(count: number, latestMs: number, apartMs = 1): Removal[] {
  const [project] = named('beta');
  if (project === undefined) throw new Error('beta');
  return Array.from({ length: count }, (_, at) => ({
    project,
    path: `packages/aa/bb/${'c'.repeat(60)}/beta-${at}.zip` as never,
    sha256: 'd'.repeat(64),
    at: latestMs - at * apartMs,
    why: 'removed upstream',
  }));
}

t.test('the latest ten thousand removals are listed, and whether there were more', async (t) => {
  for (const before of [9_999, 10_000]) {
    const mirror = await openTestMirror(t);
    await mirror.run();
    mirror.remembered((state) => state.removals.importRemovals(removals(before, mirror.clock.now() - 2 * dayMs)));
    mirror.index.removeFile('alpha', wheel);
    await mirror.runLater();
    const { complete, removed } = removedList(mirror);
    t.equal(removed.length, 10_000);
    t.equal(complete, before === 9_999);
    t.match(removed[0], { project: 'alpha' });
    t.match(removed.at(-1), { path: /\/beta-9998\.zip$/ });
    await mirror.server.close();
  }
});

t.test('a removal is listed for a year, to the minute', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const year = 365 * dayMs;
  mirror.remembered((state) =>
    state.removals.importRemovals(removals(2, mirror.clock.now() + hourMs - year + 30_000, 60_000)),
  );
  mirror.index.removeFile('alpha', wheel);
  await mirror.runLater();
  t.same(
    removedList(mirror).removed.map(({ path }) => path?.split('/').at(-1)),
    [wheel, 'beta-0.zip'],
  );
});

import t from 'tap';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { DeletionLimit, maxDeletionsPerDay } from '../../../src/sync/limits/deletion-limit.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { indexOfMany, removeMany } from '../../fixtures/index-of-many.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { syncedCopies } from '../../fixtures/synced-copies.ts';
import { named, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist } from '../../sample/distributions.ts';

const openSynced = syncedCopies(t);
/** Of twenty projects, `many-0` to `many-16` among them; four of them may go in a day. */
const openTwenty = syncedCopies(t, () => indexOfMany(17));

const dayMs = 24 * 60 * 60_000;

function held(mirror: TestMirror): { projects: number; heldBack: number } {
  const { projects, heldBack } = mirror.remembered((state) => state.totals());
  return { projects, heldBack };
}

t.test('a mass removal is held back, and everything else is done', async (t) => {
  const mirror = await openTwenty(t);
  removeMany(mirror, 0, 13);
  mirror.index.publish(makeSdist({ name: 'alpha', version: '2.0' }));
  mirror.index.publish(makeSdist({ name: 'new', version: '1.0' }));
  mirror.index.quarantine('beta');
  await mirror.runLater();
  t.same(held(mirror), { projects: 21, heldBack: 13 });
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(mirror.filenames('new'), ['new-1.0.tar.gz']);
  t.match(mirror.page('beta'), { files: [], 'project-status': { status: 'quarantined' } });
  t.same(mirror.filenames('many-12'), ['many_12-1.0.tar.gz']);
  t.same(mirror.problems(), []);
  const [event] = mirror.eventsOf('deletions-held-back');
  t.equal(event?.deletions.length, 13);
  t.match(event, { gone: 0, limit: 4 });

  mirror.clock.advance(2 * dayMs);
  await mirror.run();
  t.same(held(mirror), { projects: 21, heldBack: 13 }, 'time alone lets nothing go');
  t.equal(mirror.eventsOf('deletions-held-back')[0]?.deletions.length, 13, 'and it is told each day');

  await mirror.runLater({ allowDeletions: 13 });
  t.same(held(mirror), { projects: 8, heldBack: 0 });
  t.same(mirror.eventsOf('deletions-held-back'), []);
  t.same(mirror.problems(), []);
  removeMany(mirror, 13, 15);
  await mirror.runLater();
  t.same(held(mirror), { projects: 6, heldBack: 0 }, 'what was allowed does not count for what comes after it');
});

t.test('fewer than were held back may be allowed only as a whole', async (t) => {
  const mirror = await openTwenty(t);
  removeMany(mirror, 0, 15);
  await mirror.runLater();
  await mirror.runLater({ allowDeletions: 14 });
  t.same(held(mirror), { projects: 20, heldBack: 15 });
});

t.test(
  'the limit of a day is a fifth of a small mirror, fifty projects of a larger one, a hundredth of a large one',
  (t) => {
    const seen = [1, 2, 9, 10, 15, 20, 60, 250, 2_000, 5_000, 10_000, 886_000].map((all) => [
      all,
      maxDeletionsPerDay(all),
    ]);
    t.same(seen, [
      [1, 2],
      [2, 2],
      [9, 2],
      [10, 2],
      [15, 3],
      [20, 4],
      [60, 12],
      [250, 50],
      [2_000, 50],
      [5_000, 50],
      [10_000, 100],
      [886_000, 8_860],
    ]);
    t.end();
  },
);

t.test('of twenty projects four may go in a day, in one run or in several', async (t) => {
  const mirror = await openTwenty(t);
  removeMany(mirror, 0, 3);
  await mirror.runLater();
  removeMany(mirror, 3, 4);
  await mirror.runLater();
  t.same(held(mirror), { projects: 16, heldBack: 0 });
  removeMany(mirror, 4, 5);
  await mirror.runLater();
  t.same(held(mirror), { projects: 16, heldBack: 1 });
  t.match(mirror.eventsOf('deletions-held-back'), [{ gone: 4, limit: 4 }]);
});

for (const projects of [4, 5, 12, 20])
  t.test(`of ${projects} projects one may go each day, two at once, and what is in quarantine always`, async (t) => {
    const mirror = await openTestMirror(t, { index: indexOfMany(projects - 3) });
    await mirror.run();
    const names = mirror.page().projects.map(({ name }) => name);
    const first = names.shift() ?? '';
    mirror.index.removeProject(first);
    await mirror.runLater();
    t.same(held(mirror), { projects: projects - 1, heldBack: 0 });
    mirror.clock.advance(dayMs);
    for (const name of names.splice(0, 2)) mirror.index.removeProject(name);
    await mirror.run();
    t.same(held(mirror), { projects: projects - 3, heldBack: 0 });
    t.same(mirror.eventsOf('deletions-held-back'), []);
    if (projects < 12) return;
    mirror.clock.advance(dayMs);
    const [one = '', two = '', ...others] = names;
    for (const name of others.slice(0, 5)) mirror.index.removeProject(name);
    mirror.index.quarantine(one);
    mirror.index.quarantine(two);
    mirror.index.removeProject(two);
    await mirror.run();
    t.match(held(mirror), { heldBack: 5 }, 'more than a day may take goes as a whole or not at all');
    t.same(mirror.filenames(one), []);
    t.notOk(mirror.page().projects.some(({ name }) => name === two));
  });

t.test('removals of an earlier day do not count', async (t) => {
  const mirror = await openTwenty(t);
  removeMany(mirror, 0, 3);
  await mirror.runLater();
  mirror.clock.advance(dayMs);
  removeMany(mirror, 3, 6);
  await mirror.run();
  t.same(held(mirror), { projects: 14, heldBack: 0 });
  removeMany(mirror, 6, 8);
  await mirror.runLater();
  t.same(held(mirror), { projects: 14, heldBack: 2 });
});

t.test('a permission never takes away what the day leaves, and lets no more go than it says', (t) => {
  for (const [gone, count, allowed, lets] of [
    [0, 20, 10, true],
    [0, 20, 1, true],
    [0, 21, 10, false],
    [5, 15, 10, true],
    [5, 16, 10, false],
    [5, 16, 16, true],
    [15, 5, 2, true],
    [15, 10, 10, true],
    [20, 5, 4, false],
    [20, 5, 5, true],
  ] as const) {
    const clock = new FakeClock();
    const state = new SqliteStateStore(':memory:', clock);
    const names = named(...Array.from({ length: 100 }, (_, at) => `p${at}`));
    const queue = (from: number, to: number, removed: boolean) => {
      const wanted = names
        .slice(from, to)
        .map((name) => ({ name, displayName: name, serial: 1, isRemovedUpstream: removed }));
      state.queue.enqueue(wanted);
      return state.queue.due(clock.now(), removed, undefined, names.length);
    };
    const common = { kind: 'published', serial: 1, etag: undefined, status: 'active', drop: [] } as const;
    state.finish(queue(0, 100, false).map((due) => ({ ...common, due })));
    state.finish(queue(0, gone, true).map((due) => ({ kind: 'removed', due })));
    clock.advance(60_000);
    const limit = new DeletionLimit(state, clock, allowed, () => undefined);
    const due = queue(gone, gone + count, true);
    limit.beginPass();
    const deletion = { isProject: true, isRemoval: true, files: 1, share: 1, source: undefined };
    const allowedNow = due.filter(({ name }) => limit.admit({ ...deletion, name })).length;
    t.equal(allowedNow, lets ? count : 0, `${gone} went, ${count} are to go, ${allowed} are allowed`);
    state.close();
  }
  t.end();
});

/** `count` releases of a project, numbered from 0. */
function publishReleases({ index }: Pick<TestMirror, 'index'>, name: string, count: number): void {
  for (let at = 0; at < count; at += 1) index.publish(makeSdist({ name, version: `3.${at}` }));
}

function removeReleases({ index }: TestMirror, name: string, from: number, to: number): void {
  for (let at = from; at < to; at += 1) index.removeRelease(name, `3.${at}`);
}

t.test('a project counts as one however many of its files go, and holds nothing back', async (t) => {
  const mirror = await openTestMirror(t);
  publishReleases(mirror, 'alpha', 20);
  await mirror.run();
  removeReleases(mirror, 'alpha', 0, 20);
  for (const version of ['1.0']) mirror.index.removeRelease('alpha', version);
  mirror.index.removeProject('beta');
  await mirror.runLater();
  t.same(mirror.filenames('alpha'), []);
  t.same(held(mirror), { projects: 2, heldBack: 0 });
  t.same(mirror.eventsOf('deletions-held-back'), []);
  t.same(mirror.problems(), []);
});

t.test('pages that are emptied in mass stay, and projects whose removal is announced go all the same', async (t) => {
  const mirror = await openTwenty(t);
  for (let at = 0; at < 13; at += 1) mirror.index.removeRelease(`many-${at}`, '1.0');
  mirror.index.removeProject('beta');
  await mirror.runLater();
  const full = () =>
    Array.from({ length: 13 }, (_, at) => mirror.filenames(`many-${at}`).length).filter(Boolean).length;
  t.equal(full(), 10, 'with the one that went as a whole four');
  t.same(held(mirror), { projects: 19, heldBack: 10 });
  t.match(mirror.eventsOf('deletions-held-back'), [{ deletions: { length: 10 }, gone: 4, limit: 4 }]);
  mirror.index.removeProject('gamma');
  mirror.index.removeProject('many-16');
  await mirror.runLater();
  t.same(held(mirror), { projects: 17, heldBack: 10 }, 'nor do those that are held back hold up removals later');
  t.equal(full(), 10);
  t.same(mirror.problems(), []);
  await mirror.runLater({ allowDeletions: 10 });
  t.equal(full(), 0);
  t.same(held(mirror), { projects: 17, heldBack: 0 });
});

t.test('a few old files of many projects hold nothing back, and most files of many do', async (t) => {
  const names = Array.from({ length: 8 }, (_, at) => `many-${at}`);
  const open = syncedCopies(t, () => {
    const index = indexOfMany(12);
    for (const name of names) publishReleases({ index }, name, 9);
    return index;
  });
  for (const [lost, stay] of [
    [1, 0],
    [6, 3],
  ] as const) {
    const mirror = await open(t);
    for (const name of names) removeReleases(mirror, name, 0, lost);
    await mirror.runLater();
    t.equal(held(mirror).heldBack, stay, `${lost} files of 10 in each of 8 projects, where a day takes 3 of 15`);
  }
});

t.test('where the day is used up by removals, files that come to two projects go all the same', async (t) => {
  const mirror = await openTwenty(t);
  removeMany(mirror, 0, 4);
  for (const at of [4, 5]) mirror.index.removeRelease(`many-${at}`, '1.0');
  await mirror.runLater();
  t.same(held(mirror), { projects: 16, heldBack: 0 });
  mirror.index.removeRelease('many-6', '1.0');
  await mirror.runLater();
  t.same(held(mirror), { projects: 16, heldBack: 1 });
  t.same(mirror.problems(), []);
});

t.test('where removals are held back files stay, too', async (t) => {
  const mirror = await openTwenty(t);
  removeMany(mirror, 0, 5);
  mirror.index.removeRelease('gamma', '1.0');
  await mirror.runLater();
  t.same(held(mirror), { projects: 20, heldBack: 6 });
  t.equal(mirror.filenames('gamma').length, 1);
});

t.test('files that are held back stay on the page, and new ones appear beside them', async (t) => {
  const mirror = await openTestMirror(t);
  const names = ['alpha', 'beta', 'gamma'];
  for (const name of names) publishReleases(mirror, name, 9);
  await mirror.run();
  const before = new Map(names.map((name) => [name, mirror.filenames(name)]));
  for (const name of names) {
    removeReleases(mirror, name, 0, 9);
    mirror.index.publish(makeSdist({ name, version: '4.0' }));
  }
  await mirror.runLater();
  const [deletion, ...others] = mirror.eventsOf('deletions-held-back')[0]?.deletions ?? [];
  const name = deletion?.name ?? '';
  t.strictSame([deletion, others], [{ name, isProject: false, files: 9 }, []]);
  t.same(mirror.filenames(name).sort(), [...(before.get(name) ?? []), `${name}-4.0.tar.gz`].sort());
  t.ok(mirror.page(name).versions.includes('3.0'));
  t.same(mirror.problems(), []);
  t.equal(held(mirror).heldBack, 1);

  await mirror.runLater({ allowDeletions: 1 });
  t.equal(mirror.filenames(name).length, (before.get(name) ?? []).length - 8);
  t.notOk(mirror.page(name).versions.includes('3.0'));
  t.equal(mirror.page(name).meta['_last-serial'], mirror.index.serial);
  t.same(held(mirror), { projects: 3, heldBack: 0 });
  t.same(mirror.problems(), []);
});

t.test('a project whose files go one by one, and then itself, counts as one', async (t) => {
  const mirror = await openTestMirror(t);
  publishReleases(mirror, 'alpha', 20);
  await mirror.run();
  const gone = () => mirror.remembered((state) => state.removals.since(mirror.clock.now() - dayMs));
  for (const [to, share] of [
    [11, 0.5],
    [20, 20 / 22],
  ] as const) {
    removeReleases(mirror, 'alpha', 0, to);
    await mirror.runLater();
    t.match(gone(), { removals: [], shares: new Map([['alpha', share]]) });
  }
  mirror.index.removeProject('alpha');
  await mirror.runLater();
  t.match(gone(), { removals: ['alpha'], shares: new Map() });
});

t.test('once upstream lists the projects again, nothing is held back', async (t) => {
  const mirror = await openSynced(t);
  const names = ['alpha', 'beta', 'gamma'];
  const all = new Map(names.map((name) => [name, mirror.filenames(name)]));
  for (const name of names) mirror.index.yank(name, '1.0');
  const back = names.map((name) => mirror.alterPage(name, (page) => ({ ...page, files: [] })));
  await mirror.runLater();
  const [{ name } = { name: '' }] = mirror.eventsOf('deletions-held-back')[0]?.deletions ?? [];
  t.same([held(mirror).heldBack, mirror.filenames(name)], [1, all.get(name)]);
  for (const heal of back) heal();
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.same(held(mirror), { projects: 3, heldBack: 0 });
  t.same(mirror.filenames(name), all.get(name));
  t.same(mirror.problems(), []);
});

t.test('projects that the rules exclude are removed at once, however many they are', async (t) => {
  const mirror = await openTwenty(t);
  await mirror.runLater({ policy: policyFrom('projects = ["alpha"]') });
  t.same(held(mirror), { projects: 1, heldBack: 0 });
  t.same(mirror.problems(), []);
});

t.test('a list that has lost half of the projects takes nothing away', async (t) => {
  const mirror = await openTwenty(t);
  const listed = mirror.page().projects.slice(0, 5);
  const body = JSON.stringify({
    meta: { 'api-version': '1.4', '_last-serial': mirror.index.serial },
    projects: listed,
  });
  const contentType = 'application/vnd.pypi.simple.v1+json';
  mirror.server.faults.add({ do: 'body', body, contentType, match: /\/simple\/$/ });
  mirror.clock.advance(2 * dayMs);
  await mirror.run();
  t.same(held(mirror), { projects: 20, heldBack: 0 }, 'the pages are still there');
  t.same(mirror.problems(), []);
});

t.test('files that keep-removed kept on earlier days do not count again', async (t) => {
  const mirror = await openTestMirror(t);
  const settings = { keepRemoved: true };
  for (let at = 0; at < 20; at += 1) mirror.index.publish(makeSdist({ name: 'alpha', version: `3.${at}` }));
  await mirror.run({ settings });
  for (const from of [0, 8]) {
    for (let at = from; at < from + 8; at += 1) mirror.index.removeRelease('alpha', `3.${at}`);
    mirror.clock.advance(2 * dayMs);
    await mirror.run({ settings });
    t.same(mirror.eventsOf('deletions-held-back'), []);
    t.equal(mirror.filenames('alpha').length, 14 - from);
  }
  mirror.clock.advance(2 * dayMs);
  mirror.index.publish(makeSdist({ name: 'alpha', version: '4.0' }));
  await mirror.run({ settings });
  t.same(held(mirror), { projects: 3, heldBack: 0 }, 'a release takes nothing away');
  mirror.index.removeProject('alpha');
  await mirror.runLater({ settings });
  t.same(held(mirror), { projects: 2, heldBack: 0 }, 'nor do they count when their project goes');
  t.equal(
    mirror.remembered((state) => state.totals().files),
    25,
  );
});

t.test('a project that came back and is removed again counts again', async (t) => {
  const mirror = await openTestMirror(t);
  const files = Array.from({ length: 20 }, (_, at) => makeSdist({ name: 'alpha', version: `3.${at}` }));
  const publish = () => {
    for (const file of files) mirror.index.publish(file);
  };
  const remove = () => {
    for (let at = 0; at < files.length; at += 1) mirror.index.removeRelease('alpha', `3.${at}`);
  };
  publish();
  await mirror.run();
  remove();
  await mirror.runLater();
  publish();
  mirror.clock.advance(2 * dayMs);
  await mirror.run();
  remove();
  await mirror.runLater();
  t.same(
    mirror.remembered((state) => state.removals.since(mirror.clock.now() - dayMs)),
    { removals: [], shares: new Map([['alpha', 20 / 22]]) },
  );
});

/** Changes upstream by `change` while the run is at work, which makes it look once more. */
function onceMore(change: () => void): () => boolean {
  let asked = 0;
  return () => {
    asked += 1;
    if (asked === 2) change();
    return asked === 2;
  };
}

t.test('a second pass of a run takes no more than what is left of the day', async (t) => {
  const mirror = await openTwenty(t);
  removeMany(mirror, 0, 3);
  await mirror.runLater({ takeRequest: onceMore(() => removeMany(mirror, 3, 5)) });
  t.same(held(mirror), { projects: 17, heldBack: 2 });
  t.match(mirror.eventsOf('deletions-held-back'), [{ deletions: { length: 2 }, gone: 3, limit: 4 }]);

  await mirror.runLater({ allowDeletions: 3, takeRequest: onceMore(() => removeMany(mirror, 5, 7)) });
  t.same(held(mirror), { projects: 15, heldBack: 2 }, 'nor than a person allowed');
  t.match(mirror.eventsOf('deletions-held-back'), [{ deletions: { length: 2 }, gone: 5, limit: 6 }]);
});

t.test('projects that upstream lists again before the run ends are not reported as held back', async (t) => {
  const mirror = await openTwenty(t);
  removeMany(mirror, 0, 13);
  const again = () => {
    for (let at = 0; at < 12; at += 1) mirror.index.publish(makeSdist({ name: `many-${at}`, version: '1.0' }));
  };
  await mirror.runLater({ takeRequest: onceMore(again) });
  t.match(mirror.eventsOf('deletions-held-back'), [{ deletions: { length: 1 } }]);
});

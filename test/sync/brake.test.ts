import t from 'tap';
import { indexOfMany, removeMany } from '../fixtures/index-of-many.ts';
import { policyFrom } from '../fixtures/policy-from.ts';
import { openTestMirror, type TestMirror } from '../fixtures/test-mirror.ts';
import { makeSdist } from '../sample/distributions.ts';

const dayMs = 24 * 60 * 60_000;

function held(mirror: TestMirror): { projects: number; heldBack: number } {
  const { projects, heldBack } = mirror.remembered((state) => state.totals());
  return { projects, heldBack };
}

t.test('a mass removal is held back, and everything else is done', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(60) });
  await mirror.run();
  removeMany(mirror, 0, 51);
  mirror.index.publish(makeSdist({ name: 'alpha', version: '2.0' }));
  mirror.index.publish(makeSdist({ name: 'new', version: '1.0' }));
  mirror.index.quarantine('beta');
  await mirror.runLater();
  t.same(held(mirror), { projects: 64, heldBack: 51 });
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(mirror.filenames('new'), ['new-1.0.tar.gz']);
  t.match(mirror.page('beta'), { files: [], 'project-status': { status: 'quarantined' } });
  t.same(mirror.filenames('many-50'), ['many_50-1.0.tar.gz']);
  t.same(mirror.problems(), []);
  const [event] = mirror.eventsOf('deletions-held-back');
  t.equal(event?.deletions.length, 51);
  t.match(event, { limit: { projects: 50, files: 50 } });

  mirror.clock.advance(2 * dayMs);
  await mirror.run();
  t.same(held(mirror), { projects: 64, heldBack: 51 }, 'time alone lets nothing go');
  t.equal(mirror.eventsOf('deletions-held-back')[0]?.deletions.length, 51, 'and it is told each day');

  await mirror.runLater({ allowDeletions: 51 });
  t.same(held(mirror), { projects: 13, heldBack: 0 });
  t.same(mirror.eventsOf('deletions-held-back'), []);
  t.same(mirror.problems(), []);
  removeMany(mirror, 51, 53);
  await mirror.runLater();
  t.same(held(mirror), { projects: 11, heldBack: 0 }, 'what was allowed does not count for what comes after it');
});

t.test('fewer than were held back may be allowed only as a whole', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(60) });
  await mirror.run();
  removeMany(mirror, 0, 55);
  await mirror.runLater();
  await mirror.runLater({ allowDeletions: 54 });
  t.same(held(mirror), { projects: 63, heldBack: 55 });
});

t.test('a day may take fifty projects away, in one run or in several', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(120) });
  await mirror.run();
  removeMany(mirror, 0, 30);
  await mirror.runLater();
  removeMany(mirror, 30, 50);
  await mirror.runLater();
  t.same(held(mirror), { projects: 73, heldBack: 0 });
  mirror.clock.advance(dayMs);
  removeMany(mirror, 50, 60);
  await mirror.run();
  t.same(held(mirror), { projects: 63, heldBack: 0 });
  removeMany(mirror, 60, 101);
  await mirror.runLater();
  t.same(held(mirror), { projects: 63, heldBack: 41 });
});

t.test('files that upstream lists no more stay on the page when there are too many', async (t) => {
  const mirror = await openTestMirror(t);
  for (let at = 0; at < 60; at += 1) mirror.index.publish(makeSdist({ name: 'alpha', version: `3.${at}` }));
  await mirror.run();
  const before = mirror.filenames('alpha');
  for (let at = 0; at < 51; at += 1) mirror.index.removeRelease('alpha', `3.${at}`);
  mirror.index.publish(makeSdist({ name: 'alpha', version: '4.0' }));
  await mirror.runLater();
  t.same(mirror.filenames('alpha').sort(), [...before, 'alpha-4.0.tar.gz'].sort());
  t.ok(mirror.page('alpha').versions.includes('3.0'));
  t.same(mirror.problems(), []);
  t.match(mirror.eventsOf('deletions-held-back'), [{ deletions: [{ name: 'alpha', isProject: false, files: 51 }] }]);
  t.equal(held(mirror).heldBack, 1);

  await mirror.runLater({ allowDeletions: 51 });
  t.equal(mirror.filenames('alpha').length, 12);
  t.notOk(mirror.page('alpha').versions.includes('3.0'));
  t.equal(mirror.page('alpha').meta['_last-serial'], mirror.index.serial);
  t.same(held(mirror), { projects: 3, heldBack: 0 });
  t.same(mirror.problems(), []);
});

t.test('where upstream thinks better of it, nothing is held back any more', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(60) });
  for (let at = 0; at < 60; at += 1) mirror.index.publish(makeSdist({ name: 'alpha', version: `3.${at}` }));
  await mirror.run();
  const all = mirror.filenames('alpha');
  mirror.index.yank('alpha', '1.0');
  const back = mirror.alterPage('alpha', (page) => ({ ...page, files: [] }));
  await mirror.runLater();
  t.equal(held(mirror).heldBack, 1);
  t.same(mirror.filenames('alpha'), all);
  back();
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.same(held(mirror), { projects: 63, heldBack: 0 });
  t.same(mirror.filenames('alpha'), all);
  t.same(mirror.problems(), []);
});

t.test('what the rules leave out goes at once, however much it is', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(60) });
  await mirror.run();
  await mirror.runLater({ policy: policyFrom('projects = ["alpha"]') });
  t.same(held(mirror), { projects: 1, heldBack: 0 });
  t.same(mirror.problems(), []);
});

t.test('a list that has lost half of the projects takes nothing away', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(60) });
  await mirror.run();
  const listed = mirror.page().projects.slice(0, 5);
  const body = JSON.stringify({
    meta: { 'api-version': '1.4', '_last-serial': mirror.index.serial },
    projects: listed,
  });
  const contentType = 'application/vnd.pypi.simple.v1+json';
  mirror.server.faults.add({ do: 'body', body, contentType, match: /\/simple\/$/ });
  mirror.clock.advance(2 * dayMs);
  await mirror.run();
  t.same(held(mirror), { projects: 63, heldBack: 0 }, 'the pages are still there');
  t.same(mirror.problems(), []);
});

t.test('what an archive keeps of earlier days is not lost again', async (t) => {
  const mirror = await openTestMirror(t);
  const settings = { keepRemoved: true };
  for (let at = 0; at < 80; at += 1) mirror.index.publish(makeSdist({ name: 'alpha', version: `3.${at}` }));
  await mirror.run({ settings });
  for (const from of [0, 30]) {
    for (let at = from; at < from + 30; at += 1) mirror.index.removeRelease('alpha', `3.${at}`);
    mirror.clock.advance(2 * dayMs);
    await mirror.run({ settings });
    t.same(mirror.eventsOf('deletions-held-back'), []);
    t.equal(mirror.filenames('alpha').length, 52 - from);
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
    85,
  );
});

t.test('what came back and goes again counts again', async (t) => {
  const mirror = await openTestMirror(t);
  const files = Array.from({ length: 40 }, (_, at) => makeSdist({ name: 'alpha', version: `3.${at}` }));
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
    { projects: 0, files: 40 },
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
  const mirror = await openTestMirror(t);
  for (let at = 0; at < 100; at += 1) mirror.index.publish(makeSdist({ name: 'alpha', version: `3.${at}` }));
  await mirror.run();
  const remove = (from: number, to: number) => {
    for (let at = from; at < to; at += 1) mirror.index.removeRelease('alpha', `3.${at}`);
  };
  remove(0, 40);
  mirror.clock.advance(2 * dayMs);
  await mirror.run({ takeRequest: onceMore(() => remove(40, 60)) });
  t.equal(mirror.filenames('alpha').length, 62);
  t.match(mirror.eventsOf('deletions-held-back'), [{ deletions: [{ files: 20 }], gone: { projects: 0, files: 40 } }]);

  await mirror.runLater({ allowDeletions: 25, takeRequest: onceMore(() => remove(60, 70)) });
  t.equal(mirror.filenames('alpha').length, 42, 'nor than a person allowed');
  t.match(mirror.eventsOf('deletions-held-back'), [{ deletions: [{ files: 10 }], gone: { files: 20 } }]);
});

t.test('what upstream lists again before the run ends is not told to be held back', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(60) });
  await mirror.run();
  removeMany(mirror, 0, 51);
  const again = () => {
    for (let at = 0; at < 50; at += 1) mirror.index.publish(makeSdist({ name: `many-${at}`, version: '1.0' }));
  };
  await mirror.runLater({ takeRequest: onceMore(again) });
  t.match(mirror.eventsOf('deletions-held-back'), [{ deletions: { length: 1 } }]);
});

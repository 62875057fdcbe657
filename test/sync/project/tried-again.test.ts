/** What is tried again counts once: against the deletion limit, against the budget, and against what a person allowed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { restoreProject } from '../../../src/adopt/restore-project.ts';
import { publishRootIndex } from '../../../src/sync/index/root-index.ts';
import { indexOfMany, removeMany } from '../../fixtures/index-of-many.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { named, openMirrorAt, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';
import { pseudoRandomBytes } from '../../sample/pseudo-random.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** A wheel of `size` bytes and a little. */
function wheelOf(name: string, version: string, size: number) {
  return makeWheel({ name, version, files: { [`${name}/data.bin`]: pseudoRandomBytes(name + version, size) } });
}

t.test('deletions of a project that fails and is tried again in the same run count once', async (t) => {
  const index = new SampleIndex();
  const names = Array.from({ length: 15 }, (_, at) => `lossy-${at}`);
  for (const name of names)
    for (const version of ['1', '2', '3', '4', '5']) index.publish(makeSdist({ name, version }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  for (const name of names) {
    for (const version of ['1', '2', '3', '4']) index.removeRelease(name, version);
    index.publish(makeSdist({ name, version: '6' }));
  }
  const heal = mirror.server.faults.add({ do: 'status', status: 500, match: /lossy_.*-6\.tar\.gz$/ });
  let failed = 0;
  await mirror.runLater({
    allowDeletions: 60,
    report: ({ type }) => {
      if (type !== 'project-parked') return;
      failed += 1;
      if (failed !== names.length) return;
      // All of them are due again soon enough for this run to wait.
      heal();
      mirror.clock.advance(5 * minuteMs);
    },
  });
  t.same(mirror.eventsOf('deletions-held-back'), []);
  for (const name of names) t.same(mirror.page(name).versions, ['5', '6']);
  t.same(mirror.problems(), []);
});

t.test('a failed download takes no room in the budget from others, nor from itself', async (t) => {
  const index = new SampleIndex();
  for (const name of ['early', 'late']) index.publish(wheelOf(name, '1.0', 100_000));
  const mirror = await openTestMirror(t, { index });
  const policy = policyFrom('[budget]\nsize = "150kB"');
  const heal = mirror.server.faults.add({ do: 'reset', match: /early-1\.0.*\.whl$/ });
  // The one is tried after the other has failed.
  const delayed = mirror.server.faults.add({ do: 'status', status: 404, match: /\/simple\/late\/$/ });
  let failed = 0;
  await mirror.run({
    policy,
    report: (event) => {
      if (event.type !== 'project-parked') return;
      failed += 1;
      if (failed !== 2) return;
      delayed();
      mirror.clock.advance(2 * minuteMs);
    },
  });
  t.same(mirror.eventsOf('does-not-fit'), []);
  t.ok(existsSync(join(mirror.web, 'simple/late')), 'the one that did not fail fits');

  const alone = await openTestMirror(t, { index: indexOfOne() });
  const off = alone.server.faults.add({ do: 'reset', match: /only-1\.0.*\.whl$/ });
  await alone.run({
    policy,
    report: ({ type }) => {
      if (type !== 'project-parked') return;
      off();
      alone.clock.advance(5 * minuteMs);
    },
  });
  t.same(alone.eventsOf('does-not-fit'), []);
  t.same(alone.filenames('only'), ['only-1.0-py3-none-any.whl']);
  heal();
});

function indexOfOne(): SampleIndex {
  const index = new SampleIndex();
  index.publish(wheelOf('only', '1.0', 100_000));
  return index;
}

t.test('removals make room in the same run for files that are fetched later', async (t) => {
  const index = new SampleIndex();
  index.publish(wheelOf('first', '1.0', 100_000));
  const mirror = await openTestMirror(t, { index });
  const policy = policyFrom('[budget]\nsize = "150kB"');
  await mirror.run({ policy });
  index.removeProject('first');
  index.publish(wheelOf('second', '1.0', 100_000));
  await mirror.runLater({ policy });
  t.same(mirror.eventsOf('does-not-fit'), []);
  t.same(mirror.filenames('second'), ['second-1.0-py3-none-any.whl']);
});

t.test('a project whose removal was held back looks as before once upstream serves it again', async (t) => {
  const index = new SampleIndex();
  const names = Array.from({ length: 60 }, (_, at) => `lossy-${at}`);
  for (const name of names) for (const version of ['1', '2']) index.publish(makeSdist({ name, version }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  const pages = () => Object.fromEntries(names.map((name) => [name, mirror.page(name).files]));
  const before = pages();
  // Those that are to be looked at by themselves are left to that.
  const look = () =>
    mirror.remembered((state) => {
      const others = named(...names).filter((name) => state.queue.entryOf(name) === undefined);
      state.queue.enqueue(others.map((name) => ({ name, displayName: name, serial: 0, isRemovedUpstream: false })));
    });
  const held = () => mirror.remembered((state) => state.totals());
  // For a while a cache serves pages that lack files and have others yanked, and then the right ones, by their old ETags.
  const heal = names.map((name) =>
    mirror.alterPage(name, (page) => ({
      ...page,
      files: page.files.slice(0, 1).map((file) => ({ ...file, yanked: 'by mistake' })),
    })),
  );
  look();
  await mirror.runLater();
  t.ok(held().heldBack > 0);
  t.ok(names.some((name) => mirror.filenames(name).length === 2));
  mirror.clock.advance(dayMs);
  await mirror.run();
  for (const off of heal) off();
  look();
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.same(pages(), before);
  t.match(held(), { heldBack: 0, queued: 0 });
  t.same(mirror.problems(), []);
});

t.test('restored projects do not count as deletions to come', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(80) });
  await mirror.run();
  removeMany(mirror, 0, 20);
  await mirror.runLater({ allowDeletions: 20 });
  const brought = Array.from({ length: 20 }, (_, at) => `many-${at}`);
  await restore(mirror, brought);
  // Upstream says once more that they are gone, and that others are.
  for (const name of brought) {
    mirror.index.publish(makeSdist({ name, version: '1.0' }));
    mirror.index.removeProject(name);
  }
  removeMany(mirror, 20, 80);
  mirror.clock.advance(2 * dayMs);
  await mirror.run({ allowDeletions: 60 });
  t.same(mirror.eventsOf('deletions-held-back'), []);
  for (const name of brought) t.ok(existsSync(join(mirror.web, 'simple', name)), name);
  t.notOk(existsSync(join(mirror.web, 'simple/many-20')));
  t.notOk(existsSync(join(mirror.web, 'simple/many-79')));
  t.equal(
    mirror.remembered((state) => state.totals().heldBack),
    0,
  );
});

async function restore(mirror: TestMirror, names: readonly string[]): Promise<void> {
  const { mirror: opened, close } = openMirrorAt(mirror.target, mirror.server.url, mirror.clock);
  try {
    for (const name of named(...names)) await restoreProject({ ...opened, keepSerials: true }, name);
    await publishRootIndex(opened);
  } finally {
    await close();
  }
}

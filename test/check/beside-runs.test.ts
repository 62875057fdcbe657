/** Checks while sync runs come and go: they wait as 1.5 did, and never take for damage what a run is just doing. */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { FileStore } from '../../src/files/file-store.ts';
import { takeLock } from '../../src/state/sqlite/lock.ts';
import { changeOf } from '../fixtures/mirror-state.ts';
import { syncedCopies } from '../fixtures/synced-copies.ts';
import { named, type TestMirror } from '../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { damageableIndex, flipByte, lockOf, queuedIn, runCheck } from './checked-mirror.ts';

const openSynced = syncedCopies(t, damageableIndex);
const waiting = 'Synchronization in progress, waiting';
const sdist = 'many-1.0.tar.gz';

const lock = (mirror: TestMirror): (() => void) => {
  const release = takeLock(lockOf(mirror.target));
  if (release === undefined) throw new Error('the lock is not free');
  return release;
};

const queue = (mirror: TestMirror, ...names: string[]): void => {
  for (const name of named(...names)) mirror.remembered((state) => state.queue.requeue(name, []));
};

t.test('a run that is at work is waited for ten times ten seconds, then the check goes on', async (t) => {
  const mirror = await openSynced(t);
  const release = lock(mirror);
  const { lines, exitCode, tally } = await runCheck(mirror);
  release();
  t.same(
    lines,
    Array.from({ length: 10 }, () => waiting),
  );
  t.same(
    mirror.clock.slept.filter((ms) => ms >= 1000),
    Array.from({ length: 10 }, () => 10_000),
  );
  t.equal(exitCode, 0);
  t.equal(tally.projects, 3, 'all the same it has checked everything');
});

t.test('a run that ends is waited for no longer', async (t) => {
  const mirror = await openSynced(t);
  const release = lock(mirror);
  let waits = 0;
  const { lines } = await runCheck(mirror, {
    report: ({ type }) => {
      if (type === 'waiting') waits += 1;
      if (waits === 3) release();
    },
  });
  t.same(lines, [waiting, waiting, waiting]);
});

t.test('while a check is at work runs can take the lock', async (t) => {
  const mirror = await openSynced(t);
  let taken = 0;
  await runCheck(mirror, {
    report: ({ type }) => {
      if (type !== 'file-checked') return;
      lock(mirror)();
      taken += 1;
    },
  });
  t.equal(taken, 7);
});

/** Everything that a run can do to `many`. */
function changeEverything(mirror: TestMirror): void {
  const { index } = mirror;
  index.publish(makeWheel({ name: 'many', version: '2.1' }), { provenance: true });
  index.yank('many', '1.1', 'broken');
  index.removeFile('many', sdist);
  index.removeProject('alpha');
  index.publish(makeSdist({ name: 'new', version: '1.0' }));
}

/** The store, and before its `at`-th use whatever `happen` does. Counts the uses. */
function interrupted(
  at: number,
  happen: () => Promise<unknown>,
): { wrap: (store: FileStore) => FileStore; uses(): number } {
  let uses = 0;
  const step = async (): Promise<void> => {
    uses += 1;
    if (uses === at) await happen();
  };
  const wrap = (store: FileStore): FileStore => ({
    isRemote: (path) => store.isRemote(path),
    room: async () => step().then(() => store.room()),
    size: async (path) => step().then(() => store.size(path)),
    stat: async (path) => step().then(() => store.stat(path)),
    read: async (path) => step().then(() => store.read(path)),
    slice: async (path, start, end) => step().then(() => store.slice(path, start, end)),
    digest: async (path, also, eachPiece) => step().then(() => store.digest(path, also, eachPiece)),
    async *entries(folder) {
      await step();
      yield* store.entries(folder);
      await step();
    },
    findVerified: (path, isPending) => store.findVerified(path, isPending),
    stage: (key, path, expected) => store.stage(key, path, expected),
    publish: (writes) => store.publish(writes),
    discard: (paths) => store.discard(paths),
    discardFolders: (folders) => store.discardFolders(folders),
    readTrash: (path) => store.readTrash(path),
    restore: (paths) => store.restore(paths),
    emptyTrash: (before) => store.emptyTrash(before),
    tidy: (all) => store.tidy(all),
    leftovers: (all) => store.leftovers(all),
  });
  return { wrap, uses: () => uses };
}

/** `npm run test:faults` takes every step. */
const stride = Number(process.env.CHECK_STRIDE ?? 17);

async function usesOfOneCheck(t: Test): Promise<number> {
  const { wrap, uses } = interrupted(0, async () => {});
  await runCheck(await openSynced(t), { files: wrap });
  return uses();
}

t.test('a run that changes everything at any step of a check is never taken for damage', async (t) => {
  const steps = await usesOfOneCheck(t);
  t.ok(steps > 80, `${steps} steps`);
  for (let at = 1; at <= steps; at += stride) {
    await t.test(`before step ${at}`, async (t) => {
      const mirror = await openSynced(t);
      const { wrap } = interrupted(at, () => {
        changeEverything(mirror);
        return mirror.runLater();
      });
      const { lines, exitCode } = await runCheck(mirror, { files: wrap, repair: true, deleteUnreferenced: true });
      t.same(lines, []);
      t.equal(exitCode, 0);
      t.same(queuedIn(mirror), []);
      t.same(mirror.problems(), []);
    });
  }
});

t.test('a run that makes the same pages in another form is never taken for damage', async (t) => {
  const steps = await usesOfOneCheck(t);
  for (let at = 1; at <= steps; at += 3 * stride) {
    const mirror = await openSynced(t);
    const { wrap } = interrupted(at, () => mirror.runLater({ settings: { baseUrl: 'https://mirror.example' } }));
    t.same((await runCheck(mirror, { files: wrap, repair: true })).lines, [], `before step ${at}`);
  }
});

t.test('what a run has left when it was killed before it remembered anything is no damage', async (t) => {
  const mirror = await openSynced(t);
  const state = join(mirror.target, 'state.db');
  copyFileSync(state, `${state}.before`);
  changeEverything(mirror);
  await mirror.runLater();
  copyFileSync(`${state}.before`, state);
  for (const suffix of ['-wal', '-shm']) rmSync(state + suffix, { force: true });
  queue(mirror, 'many', 'new');
  for (const name of named('alpha')) {
    mirror.remembered((store) =>
      store.queue.enqueue([{ name, displayName: name, serial: 1, isRemovedUpstream: true }]),
    );
  }
  rmSync(join(mirror.web, 'simple/index.html'));
  mirror.remembered((store) => store.set(changeOf({ rootIndexDue: true })));
  const { lines, exitCode } = await runCheck(mirror, { repair: true });
  t.same(lines, []);
  t.equal(exitCode, 0);
});

t.test('damage to a queued project is told, because the next run may not notice it', async (t) => {
  const mirror = await openSynced(t);
  flipByte(join(mirror.web, mirror.pathOf('many', sdist)));
  queue(mirror, 'many');
  const { lines, tally } = await runCheck(mirror);
  t.match(lines, [/^Bad sha256 /, /^Todo/]);
  t.match(tally, { projects: 3, findings: 1, unjudged: 0 });
  await mirror.runLater();
  t.same((await runCheck(mirror)).lines, []);
});

t.test('what a run may be changing all the while is not judged, but not passed over either', async (t) => {
  const mirror = await openSynced(t);
  flipByte(join(mirror.web, mirror.pathOf('many', sdist)));
  queue(mirror, 'many');
  const release = lock(mirror);
  const { lines, exitCode, tally } = await runCheck(mirror);
  release();
  t.same(
    lines.filter((line) => line !== waiting),
    ['1 project looks wrong, but a run is changing it; check again when it has ended'],
  );
  t.equal(exitCode, 1);
  t.match(tally, { findings: 0, queued: 0, unjudged: 1 });
});

t.test('damage is told while a run is at work on other projects', async (t) => {
  const mirror = await openSynced(t);
  flipByte(join(mirror.web, mirror.pathOf('many', sdist)));
  queue(mirror, 'beta');
  const release = lock(mirror);
  const { lines } = await runCheck(mirror);
  release();
  t.match(
    lines.filter((line) => line !== waiting),
    [/^Bad sha256 /, /^Todo/],
  );
  t.same(queuedIn(mirror), ['beta', 'many']);
});

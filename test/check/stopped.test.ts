/** Checks that rest, wait, and are stopped: nothing is passed over, and no lock stays taken. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { CheckEvent } from '../../src/check/check-event.ts';
import { RunLock } from '../../src/check/run-lock.ts';
import { Yielder } from '../../src/check/yielder.ts';
import { PausedError } from '../../src/core/errors.ts';
import { takeLock } from '../../src/state/sqlite/lock.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { named, type TestMirror } from '../fixtures/test-mirror.ts';
import { makeSdist } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { flipByte, lockOf, openSyncedMirror, queuedIn, runCheck } from './checked-mirror.ts';

const names = ['alpha', 'beta', 'delta', 'epsilon', 'eta', 'gamma', 'theta', 'zeta'];

function openMany(t: Test): Promise<TestMirror> {
  const index = new SampleIndex();
  for (const name of names) index.publish(makeSdist({ name, version: '1.0' }));
  return openSyncedMirror(t, index);
}

const checkedIn = (events: readonly CheckEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'project-checked' ? [event.name] : []));

const isLockFree = (mirror: TestMirror): boolean => {
  const release = takeLock(lockOf(mirror.target));
  release?.();
  return release !== undefined;
};

/** Stops a check at the first event that `isTime` is true of. */
async function stop(mirror: TestMirror, isTime: (event: CheckEvent) => boolean, repair = false): Promise<CheckEvent[]> {
  const controller = new AbortController();
  const events: CheckEvent[] = [];
  const report = (event: CheckEvent): void => {
    events.push(event);
    if (isTime(event)) controller.abort();
  };
  await runCheck(mirror, { signal: controller.signal, report, repair }).then(
    () => Promise.reject(new Error('the check came to its end')),
    (error: unknown) => {
      if (!(error instanceof PausedError)) throw error;
    },
  );
  return events;
}

t.test('a check rests every fifty milliseconds, so that signals and the display have their turn', async (t) => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const pace = new Yielder(clock, controller.signal);
  for (let step = 0; step < 100; step += 1) {
    clock.advance(10);
    await pace.yieldIfDue();
  }
  t.same(
    clock.slept,
    Array.from({ length: 20 }, () => 0),
  );
  controller.abort();
  await t.rejects(pace.yieldIfDue(), PausedError);
});

t.test('who has waited for a run in vain waits no more for it, but for the next one', async (t) => {
  const clock = new FakeClock();
  let isFree = false;
  const lock = new RunLock(
    () => (isFree ? () => {} : undefined),
    clock,
    new AbortController().signal,
    () => {},
  );
  const waits = async (): Promise<number> => {
    clock.slept.length = 0;
    await lock.take();
    return clock.slept.length;
  };
  t.equal(await waits(), 10);
  t.equal(await waits(), 0);
  isFree = true;
  t.equal(await waits(), 0);
  isFree = false;
  t.equal(await waits(), 10, 'that is another run');
  t.equal(lock.tryTake(), undefined);
  isFree = true;
  t.ok(lock.tryTake());
  isFree = false;
  t.equal(await waits(), 10);
});

t.test('a check that is stopped while a project is undecided looks at it again', async (t) => {
  const mirror = await openMany(t);
  flipByte(join(mirror.web, mirror.pathOf('beta', 'beta-1.0.tar.gz')));
  for (const name of named('beta')) mirror.remembered((state) => state.queue.requeue(name, []));
  const before = await stop(mirror, (event) => event.type === 'project-checked' && event.name === 'eta');
  t.same(checkedIn(before), ['alpha', 'beta', 'delta', 'epsilon', 'eta']);
  t.notOk(before.some(({ type }) => type === 'finding'));
  const { lines, events } = await runCheck(mirror);
  t.equal(lines[0], 'Continuing the check that was interrupted after alpha');
  t.same(checkedIn(events), names.slice(1));
  t.match(lines[1], /^Bad sha256 .*beta/);
});

t.test('a check that is stopped in the middle of a file has not seen its project', async (t) => {
  const mirror = await openMany(t);
  flipByte(join(mirror.web, mirror.pathOf('delta', 'delta-1.0.tar.gz')));
  let files = 0;
  const before = await stop(mirror, ({ type }) => {
    if (type === 'file-checked') files += 1;
    return type === 'read' && files === 2;
  });
  t.same(checkedIn(before), ['alpha', 'beta']);
  const { lines } = await runCheck(mirror);
  t.equal(lines[0], 'Continuing the check that was interrupted after beta');
  t.match(lines[1], /^Bad sha256 .*delta/);
});

t.test('a check that is stopped while it holds the lock of runs gives it back', async (t) => {
  const mirror = await openMany(t);
  for (const name of ['beta', 'theta']) flipByte(join(mirror.web, mirror.pathOf(name, `${name}-1.0.tar.gz`)));
  for (const name of named('beta', 'theta')) mirror.remembered((state) => state.queue.requeue(name, []));
  const isLast = (event: CheckEvent): boolean => event.type === 'project-checked' && event.name === 'zeta';
  let isDeciding = false;
  const events = await stop(mirror, (event) => {
    isDeciding ||= isLast(event);
    return isDeciding && event.type === 'read';
  });
  t.equal(checkedIn(events).length, 8);
  t.ok(isLockFree(mirror));
  const { lines } = await runCheck(mirror);
  t.match(
    lines.filter((line) => line.startsWith('Bad')),
    [/beta/, /theta/],
    'and what it had not decided is told by the next one',
  );
  t.same(queuedIn(mirror), ['beta', 'theta']);
  await mirror.runLater();
  t.same((await runCheck(mirror)).lines, []);
});

t.test('a check that is stopped while it looks for what belongs to nobody gives the lock back, too', async (t) => {
  const mirror = await openMany(t);
  await stop(mirror, ({ type }) => type === 'folder-started');
  t.ok(isLockFree(mirror));
  const { events } = await runCheck(mirror);
  t.same(checkedIn(events), []);
  t.same(checkedIn((await runCheck(mirror)).events), names);
});

t.test(
  'a check remembers where it is after 500 projects, also if no time passes, for the case that it dies',
  async (t) => {
    const mirror = await openSyncedMirror(t, new SampleIndex());
    const names = named(...Array.from({ length: 520 }, (_, at) => `p${String(at).padStart(3, '0')}`));
    mirror.remembered((state) => {
      state.queue.enqueue(names.map((name) => ({ name, displayName: name, serial: 1, isRemovedUpstream: false })));
      const due = state.queue.due(mirror.clock.now(), false, undefined, names.length);
      const published = { kind: 'published', serial: 1, etag: undefined, status: 'active', drop: [] } as const;
      state.finish(due.map((due) => ({ ...published, due })));
    });
    const report = (event: CheckEvent): void => {
      if (event.type === 'project-checked' && event.name === 'p510') throw new Error('killed');
    };
    // Their pages are missing, which is all that a quick check sees of them.
    await t.rejects(runCheck(mirror, { quick: true, report }), { message: 'killed' });
    const { lines, events } = await runCheck(mirror, { quick: true });
    t.equal(lines[0], 'Continuing the check that was interrupted after p499');
    t.same(checkedIn(events), names.slice(500));
  },
);

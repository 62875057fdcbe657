/** Each project is looked at every thirty days, however many there are and however often the mirror runs. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ProjectName } from '../../../src/core/names.ts';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { sweep } from '../../../src/sync/discover/sweep.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

function open(t: Test, projects: number, mostSwept = 1_000_000) {
  const clock = new FakeClock();
  const state = new SqliteStateStore(join(t.testdir(), 'state.db'), clock);
  t.teardown(() => state.close());
  const dueOf = (name: ProjectName) => ({
    name,
    displayName: name,
    serial: 1,
    isRemovedUpstream: false,
    obstacle: undefined,
    since: 0,
    attempts: 0,
  });
  const names = Array.from({ length: projects }, (_, at) => `p${at}` as ProjectName);
  const common = { kind: 'published', serial: 1, etag: undefined, status: 'active', drop: [] } as const;
  state.finish(names.map((name) => ({ ...common, due: dueOf(name) })));
  const settings = { sweep: mostSwept } as never;
  /** Sweeps, and looks at what was queued. Returns its names. */
  const run = (): ProjectName[] => {
    sweep({ state, clock, settings });
    const due = state.queue.due(clock.now(), false, undefined, 1_000_000);
    state.finish(due.map((project) => ({ kind: 'unchanged', due: project })));
    return due.map(({ name }) => name);
  };
  return { clock, state, run };
}

for (const [often, everyMs, most] of [
  ['every hour', 60 * minuteMs, 1],
  ['once a day', dayMs, 25],
] as const) {
  t.test(`a mirror of 750 projects that runs ${often}`, async (t) => {
    const { clock, run } = open(t, 750);
    const last = new Map<ProjectName, number>();
    const began = clock.now();
    let largest = 0;
    for (run(); clock.now() < began + 60 * dayMs; ) {
      clock.advance(everyMs);
      // Two months of hours take a while: the first month and a bit show what there is to be seen.
      if (everyMs < dayMs && clock.now() > began + 31 * dayMs) break;
      const looked = run();
      largest = Math.max(largest, looked.length);
      for (const name of looked) last.set(name, clock.now());
    }
    t.equal(last.size, 750, 'all were looked at within thirty days');
    t.ok(largest <= most + 1, `${largest} at a time`);
  });
}

t.test('a small mirror is swept no more often', async (t) => {
  const { clock, run } = open(t, 3);
  let looked = 0;
  for (let hour = 0; hour < 24 * 60; hour += 1) {
    clock.advance(60 * minuteMs);
    looked += run().length;
  }
  t.ok(looked >= 5 && looked <= 6, `${looked} times in sixty days`);
});

t.test('queued projects do not count towards the limit of the sweep', async (t) => {
  const { clock, state, run } = open(t, 300);
  run();
  for (let at = 0; at < 100; at += 1) {
    const name = `p${at}` as ProjectName;
    state.queue.requeue(name, []);
    const due = state.queue.due(clock.now(), false, undefined, 1)[0];
    if (due !== undefined)
      state.queue.park({ due, obstacle: 'failed', reason: 'x', nextTry: clock.now() + 365 * dayMs });
  }
  const looked = new Set<string>();
  for (let day = 0; day < 31; day += 1) {
    clock.advance(dayMs);
    // Clocks that stand still park nothing for longer than a day.
    sweep({ state, clock, settings: { sweep: 1000 } as never });
    const due = state.queue.due(clock.now(), false, undefined, 1000).filter(({ attempts }) => attempts === 0);
    state.finish(due.map((project) => ({ kind: 'unchanged', due: project })));
    for (const { name } of due) looked.add(name);
  }
  t.ok(looked.size >= 200, `${looked.size}`);
});

t.test('after an outage overdue projects are swept, as far as the setting allows', async (t) => {
  const { clock, run } = open(t, 300, 100);
  run();
  clock.advance(90 * dayMs);
  for (let at = 0; at < 3; at += 1) {
    clock.advance(15 * minuteMs);
    t.equal(run().length, 100);
  }
  clock.advance(15 * minuteMs);
  t.equal(run().length, 0);
});

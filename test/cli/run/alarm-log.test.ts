/** Which alarms are remembered as new ones, and which a later run still has to print. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { AlarmLog } from '../../../src/cli/run/alarm-log.ts';
import { alarmState } from '../../../src/state/mirror-state.ts';
import type { AlarmRecord } from '../../../src/state/program-results.ts';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import type { StateStore } from '../../../src/state/state-store.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

const hour = 3_600_000;

interface Opened {
  readonly clock: FakeClock;
  readonly state: StateStore;
  /** Returns a log as each run opens it. */
  run(hasHook?: boolean): AlarmLog;
  alarms(): readonly AlarmRecord[];
  unread(): readonly string[] | undefined;
}

function open(t: Test): Opened {
  const clock = new FakeClock();
  const state = new SqliteStateStore(join(t.testdir(), 'state.db'), clock);
  t.teardown(() => state.close());
  return {
    clock,
    state,
    run: (hasHook = false) => new AlarmLog(state, clock, hasHook),
    alarms: () => state.get(alarmState).alarms ?? [],
    unread: () => state.get(alarmState).unread,
  };
}

t.test('an alarm is stored as soon as nothing else is done', async (t) => {
  const { clock, run, alarms, unread } = open(t);
  run().note('upstream lies');
  t.same(alarms(), []);
  await new Promise(setImmediate);
  t.same(alarms(), [{ message: 'upstream lies', since: clock.now(), last: clock.now() }]);
  t.same(unread(), ['upstream lies']);
});

t.test('an alarm that is reported again and again is one, and a day later a new one', async (t) => {
  const { clock, run, alarms } = open(t);
  const since = clock.now();
  const report = (): void => {
    const log = run(true);
    log.note('old snapshot');
    log.forgetUnread();
  };
  report();
  for (let hours = 0; hours < 48; hours += 6) {
    clock.advance(6 * hour);
    report();
  }
  t.same(alarms(), [{ message: 'old snapshot', since, last: clock.now(), isHookDue: true }]);
  clock.advance(25 * hour);
  report();
  t.equal(alarms().length, 2);
});

t.test('what a run that /sync started said is the alarm that it remembered', async (t) => {
  const { run, alarms } = open(t);
  const bySync = run();
  bySync.note('upstream lies about alpha');
  bySync.store();
  const log = run();
  for (const line of ['Alarm: upstream lies about', 'sudo refuses']) log.note(`a run that /sync started said: ${line}`);
  log.store();
  t.same(
    alarms().map(({ message }) => message),
    ['upstream lies about alpha', 'sudo refuses'],
  );
});

t.test('a run that nobody reads keeps all for the next one that somebody reads', async (t) => {
  const { run, unread } = open(t);
  const dead = run();
  dead.note('upstream lies');
  dead.store();
  t.same(run().takeUnread(['Alarm: another'], false), []);
  t.same(run().takeUnread([], true), [
    'a run that did not come to its end said: upstream lies',
    'a run that /sync started said: Alarm: another',
  ]);
  t.equal(unread(), undefined);
  t.same(run().takeUnread([], true), []);
});

t.test('a thousand alarms are not kept', async (t) => {
  const { run, alarms, unread } = open(t);
  const log = run();
  for (let at = 0; at < 1000; at += 1) log.note(`alarm ${at} ${'x'.repeat(5000)}`);
  log.store();
  t.equal(alarms().length, 100);
  t.equal(unread()?.length, 100);
  t.ok(alarms().every(({ message }) => message.length <= 2000));
});

t.test('a flood does not push out what the hook still has to hear', async (t) => {
  const { run, alarms } = open(t);
  const log = run(true);
  log.note('the genuine one');
  log.store();
  for (let flood = 0; flood < 3; flood += 1) {
    for (let at = 0; at < 150; at += 1) log.note(`invented ${flood} ${at}`);
    log.store();
  }
  const messages = alarms().map(({ message }) => message);
  t.equal(messages.length, 100);
  t.ok(messages.includes('the genuine one'));
  t.equal(messages.at(-1), 'there were more alarms than are remembered');
  t.equal(new Set(messages).size, messages.length);
});

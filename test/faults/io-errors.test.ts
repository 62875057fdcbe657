/**
 * The disk refuses the n-th request of a kind, once or from then on, whatever program asks. FAULT_ROUNDS says how many
 * such faults are tried; a number that is large enough takes them all.
 */
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openUpstream, unpack } from '../adopt/old-mirror.ts';
import { readable } from '../adopt/readable-tree.ts';
import { damage } from '../e2e/damage.ts';
import { stateOf } from '../e2e/tree.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { logOf } from '../stats/log-text.ts';
import { filesIn } from './differences.ts';
import { failEverywhere, makeMirror, place, runProgram, type Scenario } from './failing-runs.ts';
import { changeFaultIndex, faultIndex } from './fault-index.ts';

const index = faultIndex();
const server = await openSampleServer({ index });
t.teardown(() => server.close());
const mirror = (target: string): string[] => ['-q', '--upstream', server.url, target];
const result = (target: string): object => ({ web: filesIn(target), state: stateOf(target) });
const harm = (target: string): string[] => damage(join(target, 'web'), index);
const heal: Scenario['heal'] = [['pep381run', mirror, [0]]];

const old = await makeMirror('old', mirror);
const copy =
  (from: string): Scenario['begin'] =>
  (target) =>
    cpSync(from, target, { recursive: true, preserveTimestamps: true });

t.test('a first run', async (t) => {
  const scenario = { program: 'pep381run', args: mirror, failed: [4], harm, heal, result } as const;
  await failEverywhere(t, 'first run', { ...scenario, begin: () => {}, goal: result(old) }, 0.08);
});

t.test('a check that repairs', async (t) => {
  const damaged = await makeMirror('damaged', mirror);
  const web = join(damaged, 'web');
  rmSync(join(web, index.pathOf('fault-many', 'fault_many-1.0-py3-none-any.whl')));
  writeFileSync(join(web, index.pathOf('fault-large', 'fault_large-1.0-py3-none-any.whl')), 'other bytes');
  appendFileSync(join(web, 'simple/fault-provenance/index.html'), 'more');
  writeFileSync(join(web, 'simple/stray'), 'belongs to nobody');
  const known = new Set(harm(damaged));
  const scenario: Scenario = {
    program: 'pep381checkfiles',
    args: (target) => ['-q', '--repair', target],
    right: 1,
    failed: [4],
    begin: copy(damaged),
    speaks: true,
    // Pages change, so that they do not list what is damaged.
    keeps: /^packages/,
    harm: (target) => harm(target).filter((problem) => !known.has(problem)),
    heal: [
      ['pep381checkfiles', (target) => ['-q', '--repair', target], [1]],
      ['pep381run', mirror, [0]],
      ['pep381checkfiles', (target) => ['-q', '--repair', '--delete-unreferenced', target], [1]],
      ['pep381checkfiles', (target) => ['-q', target], [0]],
    ],
    goal: result(old),
    result,
  };
  await failEverywhere(t, 'check', scenario, 0.06);
});

t.test('processlogs', async (t) => {
  const logs = place('logs');
  mkdirSync(logs);
  const days = ['2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22'];
  writeFileSync(join(logs, 'pypi.log'), logOf(days, 20));
  const args = (target: string): string[] => ['-q', target, join(logs, 'pypi.log')];
  const goal = place('counted');
  copy(old)(goal);
  t.equal((await runProgram('processlogs', args(goal))).code, 0);
  const published = (target: string): object => ({ web: filesIn(target) });
  const scenario: Scenario = {
    program: 'processlogs',
    args,
    failed: [1, 4],
    begin: copy(old),
    harm: (target) => harm(target).filter((problem) => !problem.startsWith('local-stats/')),
    heal: [['processlogs', args, [0]]],
    goal: published(goal),
    result: published,
  };
  await failEverywhere(t, 'logs', scenario, 0.04);
});

for (const archive of ['target-1.5-complete', 'target-shadowmire-2'] as const) {
  t.test(`${archive} is taken over`, { skip: recordingsMissing }, async (t) => {
    const upstream = await openUpstream(t, archive);
    const args = (target: string): string[] => ['-q', '--upstream', upstream.url, target];
    const goal = place(`fresh ${archive}`);
    unpack(archive, goal);
    t.equal((await runProgram('pep381run', args(goal))).code, 0);
    const scenario: Scenario = {
      program: 'pep381run',
      args,
      failed: [4],
      begin: (target) => unpack(archive, target),
      harm: readable,
      heal: [['pep381run', args, [0]]],
      goal: result(goal),
      result,
    };
    await failEverywhere(t, archive, scenario, 0.02);
  });
}

t.test('a tree whose state was lost', async (t) => {
  const scenario = { program: 'pep381run', args: mirror, failed: [4], harm, heal } as const;
  const begin: Scenario['begin'] = (target) => {
    copy(old)(target);
    for (const name of ['state.db', 'state.db-wal', 'state.db-shm']) rmSync(join(target, name), { force: true });
  };
  const web = (target: string): object => ({ web: filesIn(target), queue: stateOf(target).queue });
  await failEverywhere(t, 'lost', { ...scenario, begin, goal: web(old), result: web }, 0.05);
});

// The last, because it changes what upstream has.
t.test('an update', async (t) => {
  changeFaultIndex(index);
  const updated = await makeMirror('fresh', mirror);
  const scenario = { program: 'pep381run', args: mirror, failed: [4], harm, heal } as const;
  // A fresh mirror has asked for no page that upstream knows only as gone, so that its state tells less.
  const web = (target: string): object => ({ web: filesIn(target), queue: stateOf(target).queue });
  await failEverywhere(t, 'update', { ...scenario, begin: copy(old), goal: web(updated), result: web }, 0.08);
});

/** What a reader is told first: whether all is well, and what to do where it is not. */
import t from 'tap';
import type { SiteFacts } from '../../../src/site/site-facts.ts';
import { daysUntilFull, verdictOf } from '../../../src/site/status/verdict.ts';
import {
  allWell,
  damageFound,
  daysUntil,
  deletionsHeldBack,
  diskNearlyFull,
  failing,
  firstMinute,
  manyParked,
  now,
  runsUntil,
} from '../sample-facts.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

t.test('one sentence says it, and what is worst comes first', async (t) => {
  const cases: readonly (readonly [SiteFacts, string, RegExp])[] = [
    [allWell, 'ok', /^All is well: everything pypi\.org had on 29 Nov 2026, 09:38 is here\.$/],
    [firstMinute, 'busy', /^Under way: the first run fills the mirror; 12 projects are here, 882,988 are to come\.$/],
    [failing, 'bad', /^Not well: the last complete run began 3 days ago: newer changes of pypi\.org are missing\.$/],
    [deletionsHeldBack, 'wait', /^Needs a look: deletions in 40 projects wait for somebody's permission\.$/],
    [manyParked, 'wait', /^Needs a look: 500 projects could not be brought up to date\.$/],
    [diskNearlyFull, 'wait', /^Needs a look: the disk is nearly full: 307 GiB of 42 TiB are free\.$/],
    [damageFound, 'wait', /^Needs a look: the check on 29 Nov 2026, 02:42 found 14 things wrong\.$/],
    [{ ...allWell, hooksFailSince: now - hourMs }, 'wait', /^Needs a look: hooks fail since 29 Nov 2026, 08:42\.$/],
    [{ ...firstMinute, runningSince: undefined }, 'bad', /^Not well: no run has been complete so far\.$/],
    [{ ...firstMinute, runningSince: undefined, pausedAt: now }, 'wait', /the first run was paused/],
    [{ ...allWell, room: { size: 1e12, free: 5e8 } }, 'bad', /^Not well: the disk is full: /],
    [{ ...allWell, room: { size: 1e12, free: 5e11, inodes: { all: 1e6, free: 5 } } }, 'bad', /only 5 more files/],
    [{ ...allWell, runs: runsUntil(now, 9, () => ({ exitCode: 70 })) }, 'bad', /the last run died before its end/],
    [{ ...allWell, runs: runsUntil(now, 9, () => ({ exitCode: 2 })) }, 'bad', /the last run was refused, because of a/],
    [{ ...allWell, runs: runsUntil(now, 9, () => ({ exitCode: 3 })) }, 'wait', /could not reach upstream/],
    [
      { ...deletionsHeldBack, completedAt: now - 2 * dayMs },
      'bad',
      /^Not well: the last complete run began 2 days ago/,
    ],
  ];
  for (const [facts, level, sentence] of cases) t.match(verdictOf(facts), { level, sentence });
});

t.test('each problem comes with what to do', async (t) => {
  const told = verdictOf({ ...deletionsHeldBack, lastCheck: damageFound.lastCheck, room: { size: 1e12, free: 0 } });
  t.same(
    told.problems.map(({ level, advice }) => [level, String(advice)]),
    [
      ['bad', 'Make room, or hold less: see mirror.toml.'],
      [
        'wait',
        'What it found damaged was queued, and the next run fetches it again. <code>pep381checkfiles TARGET</code> tells what is left.',
      ],
      [
        'wait',
        'Look at <a href="#held-back">what would go</a>. If upstream means it, <code>pep381run --allow-deletions 40 TARGET</code> lets it go.',
      ],
    ],
  );
});

t.test('a mirror that is run once a day is late after two', async (t) => {
  const daily = Array.from({ length: 9 }, (_, at) => ({
    ...{ startedMs: now - hourMs - at * dayMs, finishedMs: now - at * dayMs, exitCode: 0, summary: '' },
  }));
  const at = (hours: number): string => verdictOf({ ...allWell, runs: daily, completedAt: now - hours * hourMs }).level;
  t.same([1, 25, 47, 49, 95, 97].map(at), ['ok', 'ok', 'ok', 'wait', 'wait', 'bad']);
  t.equal(verdictOf({ ...allWell, completedAt: now - 4 * hourMs }).level, 'wait', 'one that runs every quarter is not');
  const atWork = verdictOf({ ...allWell, completedAt: now - 9 * dayMs, runningSince: now - 9 * dayMs });
  t.match(atWork, { level: 'busy', sentence: /^Under way: the last complete run began 9 days ago/ });
});

t.test('a few projects that wait are usual in a large mirror, and not in a small one', async (t) => {
  const level = (projects: number, parked: number): string =>
    verdictOf({ ...allWell, totals: { ...allWell.totals, projects, parked } }).level;
  t.same([level(883_000, 100), level(883_000, 2000), level(5, 1), level(5, 0)], ['ok', 'wait', 'wait', 'ok']);
});

t.test('it is told in advance that the disk will be full', async (t) => {
  const days = daysUntil(now, 60);
  const perDay = ((days.at(-1)?.bytes ?? 0) - (days.at(-31)?.bytes ?? 0)) / 30;
  t.ok(Math.abs((daysUntilFull(days, perDay * 10) ?? 0) - 10) < 0.01);
  t.equal(daysUntilFull(days.slice(-5), 1), undefined, 'after a few days nobody knows');
  t.equal(
    daysUntilFull(
      [...days].map((day) => ({ ...day, bytes: 5 })),
      1,
    ),
    undefined,
    'a mirror that does not grow',
  );
  const soon = { ...allWell, days, room: { size: 100 * perDay, free: 12 * perDay } };
  t.match(verdictOf(soon), { level: 'wait', sentence: /^Needs a look: the disk will be full in about 1[12] days if/ });
});

t.test('a complete run in the future does not count', async (t) => {
  const wrong = verdictOf({ ...allWell, completedAt: now + 3650 * dayMs });
  t.match(wrong, { level: 'wait', sentence: /^Needs a look: the last complete run began in the future, on / });
  const completedAt = now + 3650 * dayMs;
  const runs = runsUntil(now - 2 * dayMs, 9);
  t.match(verdictOf({ ...allWell, completedAt, runs }), {
    level: 'bad',
    sentence: /last complete run began 2 days ago/,
  });
});

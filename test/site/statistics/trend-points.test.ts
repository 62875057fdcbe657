/** Trends of many days are those of weeks. */
import t from 'tap';
import { meanOf, trendPoints } from '../../../src/site/statistics/trend-points.ts';

const daysUntil = (count: number): { day: string }[] =>
  Array.from({ length: count }, (_, at) => ({
    day: new Date(Date.UTC(2026, 10, 29 - count + at)).toISOString().slice(0, 10),
  }));

t.test('few days are points of their own', async (t) => {
  t.same(trendPoints(daysUntil(2)), [
    { day: '2026-11-27', from: 0, to: 1 },
    { day: '2026-11-28', from: 1, to: 2 },
  ]);
  t.same(trendPoints([]), []);
});

t.test('many are weeks that end with the last day, without a part of a week', async (t) => {
  const points = trendPoints(daysUntil(100));
  t.equal(points.length, 14);
  t.same(points.at(-1), { day: '2026-11-28', from: 93, to: 100 });
  t.same(points[0], { day: '2026-08-29', from: 2, to: 9 });
  t.equal(trendPoints(daysUntil(98)).length, 14, 'the first week is whole');
});

t.test('days without logs are in no mean, and weeks without logs are no points', async (t) => {
  const days = daysUntil(120).filter(({ day }) => !/2026-10-|2026-11-2[2-7]/.test(day));
  const points = trendPoints(days.length < 90 ? [...daysUntil(300).slice(0, 150), ...days] : days);
  t.notOk(points.some(({ day }) => /2026-10-(?:1|2)/.test(day)));
  const last = points.at(-1);
  t.match(last, { day: '2026-11-28' });
  t.equal(last && last.to - last.from, 1);
  t.equal(meanOf([2, 4, 9], { from: 1, to: 3 }), 6.5);
});

/** Makes trends calm enough to be read: of many days the means of weeks. */
import type { DayDownloads } from '../../formats/logs/statistics.ts';
import { daysAfter } from '../charts/day-axis.ts';

/** From so many days on a trend is one of weeks. */
const manyDays = 90;
const weekDays = 7;
/** Number of points from which on a line shows a trend. */
export const minTrendPoints = 3;

/** A point of a trend: which of the days it stands for, and the last of them. */
export interface TrendPoint {
  readonly day: string;
  /** Indices of `days`. */
  readonly from: number;
  readonly to: number;
}

/**
 * Returns the points for `days`: each day, or the weeks that end with the last day. Weeks without a day are left out.
 */
export function trendPoints(days: readonly Pick<DayDownloads, 'day'>[]): readonly TrendPoint[] {
  if (days.length < manyDays) return days.map(({ day }, at) => ({ day, from: at, to: at + 1 }));
  const points: TrendPoint[] = [];
  let end = days.at(-1)?.day ?? '';
  for (let to = days.length; to > 0; end = daysAfter(end, -weekDays)) {
    const before = daysAfter(end, -weekDays);
    let from = to;
    while (from > 0 && (days[from - 1]?.day ?? '') > before) from -= 1;
    if (from < to) points.unshift({ day: end, from, to });
    to = from;
  }
  // The first week may have begun before the first day.
  return (days[0]?.day ?? '') > daysAfter(points[0]?.day ?? '', 1 - weekDays) ? points.slice(1) : points;
}

/** Returns the mean of `values` for the days of a point. */
export function meanOf(values: readonly number[], { from, to }: Pick<TrendPoint, 'from' | 'to'>): number {
  let sum = 0;
  for (let at = from; at < to; at += 1) sum += values[at] ?? 0;
  return sum / (to - from);
}

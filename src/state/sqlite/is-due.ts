import { dayMs } from '../../core/durations.ts';

/**
 * SQL condition that is true for rows that may be tried again at the time `:now`. Nothing waits for longer than a day:
 * a `next_try` beyond that was written while the clock was wrong, and counts as due.
 */
export const isDue = `next_try NOT BETWEEN :now + 1 AND :now + ${dayMs}`;

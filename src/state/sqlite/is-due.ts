/**
 * SQL: true of what may be tried again at the time `:now`. Nothing waits for longer than a day: what seems to was tried
 * while the clock was wrong.
 */
export const isDue = 'next_try NOT BETWEEN :now + 1 AND :now + 86400000';

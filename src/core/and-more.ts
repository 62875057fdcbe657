/**
 * Returns ` and 3 more`, or with `what` such as ` and 3 others`, for a shortened list; an empty text if nothing was
 * cut.
 */
export function andMore(count: number, what = 'more'): string {
  return count > 0 ? ` and ${count} ${what}` : '';
}

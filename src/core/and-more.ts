/** ` and 3 more` behind the first of a list, or nothing where no more follow; `what` they are called, such as `others`. */
export function andMore(count: number, what = 'more'): string {
  return count > 0 ? ` and ${count} ${what}` : '';
}

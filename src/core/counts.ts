/** Counts for people. */

/** Returns for example `12,345` for 12345. */
export function showCount(count: number): string {
  // toLocaleString would load locale data, which takes longer than a run without changes should.
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Returns for example `1 file` or `2,000 files`. */
export function plural(count: number, noun: string): string {
  return `${showCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

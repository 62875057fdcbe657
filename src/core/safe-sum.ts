/**
 * The sum of `numbers`, and never more than can be told and kept exactly: what an index says of the size of its files
 * may be anything, and no database takes a sum beyond 2^63.
 */
export function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return Math.min(sum, Number.MAX_SAFE_INTEGER);
}

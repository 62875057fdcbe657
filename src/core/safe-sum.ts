/**
 * Returns the sum of `numbers`, at most the largest safe integer. An index may claim any size for its files, and no
 * database accepts a sum beyond 2^63.
 */
export function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return Math.min(sum, Number.MAX_SAFE_INTEGER);
}

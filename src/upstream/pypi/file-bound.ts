/** How much of a file is taken. What an index says of its size is a hint, for the hash counts; but every body has to end. */
import { MismatchError, NonsenseError } from '../../core/errors.ts';

/** Ten times the largest file of PyPI. */
const largestUnsized = 10 * 2 ** 30;
/** So much more than the index says is taken in any case. */
const slackBytes = 16 << 20;

/** The bytes that are taken of a file that has `size` by the index; undefined where it does not say. */
export function mostBytesOf(size: number | undefined): number {
  return size === undefined ? largestUnsized : Math.max(2 * size, size + slackBytes);
}

/** The error for a file that has more. */
export function tooLong(url: URL, size: number | undefined): Error {
  const found = `${url}: more than ${mostBytesOf(size)} bytes`;
  if (size === undefined) return new NonsenseError(`${found}, and the index tells no size`);
  return new MismatchError(`${found}, and the index promises ${size}`);
}

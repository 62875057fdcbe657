/**
 * Which bytes of a file are expected, and how many are taken. What an index says of its size is a hint, for the hash
 * counts; but every body has to end.
 */
import { MismatchError, NonsenseError } from '../../core/errors.ts';

/** Ten times the largest file of PyPI. */
const largestUnsized = 10 * 2 ** 30;
/** So much more than the index says is taken in any case. */
const slackBytes = 16 << 20;

/** The bytes that are taken of a file that has `size` by the index; undefined where it does not say. */
export function maxBytesOf(size: number | undefined): number {
  return size === undefined ? largestUnsized : Math.max(2 * size, size + slackBytes);
}

/** Whether an answer with this `Content-Range` goes on at `from`, up to the end. */
export function continues(contentRange: string | undefined, from: number, size: number | undefined): boolean {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? [];
  return Number(first) === from && Number(last) === Number(total) - 1 && (size === undefined || Number(total) === size);
}

/** The error for a file that has more. */
export function tooLong(url: URL, size: number | undefined): Error {
  const found = `${url}: more than ${maxBytesOf(size)} bytes`;
  if (size === undefined) return new NonsenseError(`${found}, and the index tells no size`);
  return new MismatchError(`${found}, and the index promises ${size}`);
}

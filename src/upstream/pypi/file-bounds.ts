/**
 * The expected range of a file's bytes, and the limit for its size. The size in an index is only a hint, because the
 * hash decides, but every body must be bounded.
 */
import { MismatchError, NonsenseError } from '../../core/errors.ts';

/** Limit for a file without a size in the index, in bytes: ten times the largest file of PyPI. */
const largestUnsized = 10 * 2 ** 30;
/** Bytes beyond the size in the index that are always accepted. */
const slackBytes = 16 << 20;

/**
 * Returns the number of bytes that are accepted of a file. `size` is its size in the index, undefined if the index has
 * none.
 */
export function maxBytesOf(size: number | undefined): number {
  return size === undefined ? largestUnsized : Math.max(2 * size, size + slackBytes);
}

/** Returns true if an answer with this `Content-Range` continues at byte `from` and goes up to the end of the file. */
export function continues(contentRange: string | undefined, from: number, size: number | undefined): boolean {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? [];
  return Number(first) === from && Number(last) === Number(total) - 1 && (size === undefined || Number(total) === size);
}

/** Returns the error for a file that exceeds its limit. */
export function tooLong(url: URL, size: number | undefined): Error {
  const found = `${url}: more than ${maxBytesOf(size)} bytes`;
  if (size === undefined) return new NonsenseError(`${found}, and the index tells no size`);
  return new MismatchError(`${found}, and the index promises ${size}`);
}

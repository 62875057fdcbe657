/** How long the body of a file may be. */
import { MismatchError, NonsenseError } from '../../core/errors.ts';

/** Ten times the largest file of PyPI: where the index does not tell the size, a body must end all the same. */
export const largestUnsized = 10 * 2 ** 30;

/** Whether a part goes on at the byte `from` and ends with the file. */
export function continues(contentRange: string | undefined, from: number, size: number | undefined): boolean {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? [];
  return Number(first) === from && Number(last) === Number(total) - 1 && (size === undefined || Number(total) === size);
}

/** The error of a file that goes on after `size` bytes. */
export function tooLong(url: URL, size: number | undefined): Error {
  if (size === undefined)
    return new NonsenseError(`${url}: more than ${largestUnsized} bytes, and the index tells no size`);
  return new MismatchError(`${url}: more than the ${size} bytes that the index promises`);
}

/**
 * Receives the body of a file as it arrives. The body must begin at the requested byte and stay within the size limit.
 */
import { MismatchError, NonsenseError } from '../../core/errors.ts';
import type { FileSink, ResumePoint } from '../../core/file-sink.ts';
import { strongEtag } from './etag.ts';
import type { ChooseReceiver } from './http-client.ts';

/** Ten times the largest file of PyPI. */
const maxUnsizedBytes = 10 * 2 ** 30;
/** So much more than the index says is taken in any case. */
const slackBytes = 16 << 20;

/** Streams the file at `url` into `sink`. An error of the sink ends the request. */
export function receiveFile(
  url: URL,
  size: number | undefined,
  from: ResumePoint | undefined,
  sink: FileSink,
): ChooseReceiver {
  return (status, headers) => {
    if (status !== 200 && status !== 206) return undefined;
    let left = maxBytesOf(size);
    if (status === 206) {
      if (from === undefined || !continues(headers['content-range'], from.bytes, size)) {
        throw new MismatchError(`${url}: asked for bytes from ${from?.bytes ?? 0}, found ${headers['content-range']}`);
      }
      left -= from.bytes;
    }
    sink.begin(status === 206, strongEtag(headers.etag));
    return (chunk) => {
      left -= chunk.length;
      if (left < 0) throw tooLong(url, size);
      return sink.write(chunk);
    };
  };
}

/**
 * The bytes that are taken of a file that has `size` by the index; undefined where it does not say. That is a hint, for
 * the hash counts; but every body has to end.
 */
function maxBytesOf(size: number | undefined): number {
  return size === undefined ? maxUnsizedBytes : Math.max(2 * size, size + slackBytes);
}

/** Returns true if an answer with this `Content-Range` continues at `from` up to the end. */
function continues(contentRange: string | undefined, from: number, size: number | undefined): boolean {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? [];
  return Number(first) === from && Number(last) === Number(total) - 1 && (size === undefined || Number(total) === size);
}

/** The error for a file that has more. */
function tooLong(url: URL, size: number | undefined): Error {
  const found = `${url}: more than ${maxBytesOf(size)} bytes`;
  if (size === undefined) return new NonsenseError(`${found}, and the index tells no size`);
  return new MismatchError(`${found}, and the index promises ${size}`);
}

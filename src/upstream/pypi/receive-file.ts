/** Takes the body of a file as it arrives: from where it was asked for, and no longer than the index promises. */
import { MismatchError, NonsenseError } from '../../core/errors.ts';
import type { FileSink, ResumePoint } from '../../core/file-sink.ts';
import { strongEtag } from './etag.ts';
import type { ChooseReceiver } from './http-client.ts';

/** Ten times the largest file of PyPI: where the index does not tell the size, a body must end all the same. */
const largestUnsized = 10 * 2 ** 30;

/** Streams the file at `url` into `sink`; what throws there ends the request. */
export function receiveFile(
  url: URL,
  size: number | undefined,
  from: ResumePoint | undefined,
  sink: FileSink,
): ChooseReceiver {
  return (status, headers) => {
    if (status !== 200 && status !== 206) return undefined;
    let left = size ?? largestUnsized;
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

function continues(contentRange: string | undefined, from: number, size: number | undefined): boolean {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? [];
  return Number(first) === from && Number(last) === Number(total) - 1 && (size === undefined || Number(total) === size);
}

function tooLong(url: URL, size: number | undefined): Error {
  if (size === undefined)
    return new NonsenseError(`${url}: more than ${largestUnsized} bytes, and the index tells no size`);
  return new MismatchError(`${url}: more than the ${size} bytes that the index promises`);
}

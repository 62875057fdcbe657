/**
 * Receives the body of a file as it arrives. The body must begin at the requested byte and stay within the size limit.
 */
import { MismatchError } from '../../core/errors.ts';
import type { FileSink, ResumePoint } from '../../core/file-sink.ts';
import { strongEtag } from './etag.ts';
import { continues, maxBytesOf, tooLong } from './file-bounds.ts';
import type { ChooseReceiver } from './http-client.ts';

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

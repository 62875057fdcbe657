/** Reads the list of all projects in pieces as it arrives, so that the list as a whole is never in memory. */
import { createHash } from 'node:crypto';
import type { Transform } from 'node:stream';
import { MirrorError, NonsenseError } from '../../core/errors.ts';
import { type ListedProject, ProjectListParser } from '../../formats/simple/project-list.ts';
import type { ProjectList } from '../upstream.ts';

const maxListBytes = 1 << 30;

/** Resolves when `stream` accepts more data or is closed. Removes its listeners, because a list has many pieces. */
export function untilFree(stream: Transform): Promise<void> {
  return new Promise((resolve) => {
    const free = (): void => {
      stream.off('drain', free).off('close', free);
      resolve();
    };
    stream.on('drain', free).on('close', free);
  });
}

/** Reads the list that arrives from `url` in `stream`. */
export function readList(stream: Transform, url: URL, etag: string | undefined): ProjectList {
  const parser = new ProjectListParser(url.href);
  const hash = createHash('sha256');
  let [serial, sha256]: [number | undefined, string | undefined] = [undefined, undefined];
  async function* pieces(): AsyncGenerator<readonly ListedProject[]> {
    let bytes = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maxListBytes) throw new NonsenseError(`${url}: larger than ${maxListBytes} bytes`);
        hash.update(chunk);
        yield parser.push(chunk);
      }
    } catch (cause) {
      if (cause instanceof MirrorError || !(cause instanceof Error)) throw cause;
      throw new NonsenseError(`${url}: the gzip body cannot be read: ${cause.message}`, { cause });
    }
    serial = parser.end().serial;
    sha256 = hash.digest('hex');
  }
  return { etag, pieces: pieces(), serial: () => serial, sha256: () => sha256 };
}

/**
 * Unpacks `.gz` files with any number of members (RFC 1952). Node does so itself, but if other bytes follow a member it
 * loses the end of that member, although the log may be complete and the bytes appended later.
 */
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';
import { asError, hasCode } from '../../core/caught-error.ts';
import { PackedError } from './compressions.ts';

const [extraFlag, nameFlag, commentFlag, checksumFlag] = [4, 8, 16, 2];
/** Limit for a member's header, in bytes. No name of a file is as long. */
const maxHeaderBytes = 1 << 17;

/** Unpacks `chunks`. Calls `onCut` if the end is missing. Throws PackedError and the errors of zlib. */
export async function* gunzip(chunks: AsyncIterable<Buffer>, onCut: () => void): AsyncIterable<Buffer> {
  const input = new Input(chunks);
  try {
    while (await hasMember(input)) {
      await skipHeader(input);
      yield* inflated(input);
    }
  } catch (error) {
    if (!(error instanceof CutError)) throw error;
    onCut();
  } finally {
    await input.close();
  }
}

class CutError extends Error {}

/** Reads bytes from chunks of any size. */
class Input {
  readonly #chunks: AsyncIterator<Buffer>;
  /** Bytes that were read, but not taken. */
  rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Reads until `rest` has `bytes` bytes, or until the end. */
  async fill(bytes: number): Promise<Buffer> {
    while (this.rest.length < bytes) {
      const { value, done } = await this.#chunks.next();
      if (done === true) break;
      this.rest = this.rest.length === 0 ? value : Buffer.concat([this.rest, value]);
    }
    return this.rest;
  }

  /** Reads until `rest` has `bytes` bytes. Throws CutError if there are fewer. */
  async expect(bytes: number): Promise<Buffer> {
    if ((await this.fill(bytes)).length < bytes) throw new CutError();
    return this.rest;
  }

  take(bytes: number): Buffer {
    const taken = this.rest.subarray(0, bytes);
    this.rest = this.rest.subarray(bytes);
    return taken;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/**
 * Returns true if another member follows. Skips zeros, which fill up a block of a disk or a tape.
 * Throws PackedError if anything else follows.
 */
async function hasMember(input: Input): Promise<boolean> {
  while ((await input.fill(1))[0] === 0) {
    const end = input.rest.findIndex((byte) => byte !== 0);
    input.take(end < 0 ? input.rest.length : end);
  }
  if (input.rest.length === 0) return false;
  const [first, second] = await input.fill(2);
  if (first === 0x1f && second === undefined) throw new CutError();
  if (first === 0x1f && second === 0x8b) return true;
  throw new PackedError(
    'is damaged: behind the end of what is packed by gzip there is something else, which is not counted',
  );
}

async function skipHeader(input: Input): Promise<void> {
  const [, , method, flags = 0] = await input.expect(10);
  if (method !== 8) throw new PackedError('is damaged: what is packed by gzip begins with an unknown method');
  let end = 10;
  if (flags & extraFlag) end += 2 + (await input.expect(end + 2)).readUInt16LE(end);
  for (const flag of [nameFlag, commentFlag]) if (flags & flag) end = await endOfText(input, end);
  if (flags & checksumFlag) end += 2;
  await input.expect(end);
  input.take(end);
}

/** Returns the offset after the zero that ends the text at `start`. */
async function endOfText(input: Input, start: number): Promise<number> {
  for (let length = start + 1; length < maxHeaderBytes; length = input.rest.length + 1) {
    const end = (await input.expect(length)).indexOf(0, start);
    if (end >= 0) return end + 1;
  }
  throw new PackedError('is damaged: what is packed by gzip has a name without end');
}

async function* inflated(input: Input): AsyncIterable<Buffer> {
  const inflate = createInflateRaw({ chunkSize: 1 << 18 });
  const fed = feed(inflate, input);
  let [sum, size] = [0, 0];
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      sum = crc32(chunk, sum);
      size = (size + chunk.length) >>> 0;
      yield chunk;
    }
  } catch (error) {
    throw hasCode(error, 'Z_BUF_ERROR') ? new CutError() : error;
  } finally {
    inflate.destroy();
    await fed;
  }
  const trailer = await input.expect(8);
  if (trailer.readUInt32LE(0) !== sum || trailer.readUInt32LE(4) !== size) {
    throw new PackedError('is damaged: what is packed by gzip has another checksum than it says');
  }
  input.take(8);
}

/**
 * Feeds `inflate` one chunk at a time: content that is unpacked in one step with a missing end is lost. Stops when
 * `inflate` is closed.
 */
async function feed(inflate: InflateRaw, input: Input): Promise<void> {
  const closed = new Promise<true>((resolve) => {
    inflate.once('close', () => resolve(true));
  });
  let fed = 0;
  try {
    while ((await input.fill(1)).length > 0) {
      const chunk = input.take(input.rest.length);
      fed += chunk.length;
      const written = new Promise<Error | null | undefined>((resolve) => {
        inflate.write(chunk, resolve);
      });
      // The stream itself reports errors to its reader. Bytes that it does not take follow the member's end.
      if (!(await Promise.race([written, closed])) && inflate.bytesWritten === fed) continue;
      input.rest = chunk.subarray(chunk.length - (fed - inflate.bytesWritten));
      return;
    }
    inflate.end();
  } catch (error) {
    inflate.destroy(asError(error));
  }
}

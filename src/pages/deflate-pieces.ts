/**
 * A gzip file (RFC 1952) made of pieces that are compressed apart. Each piece is a run of DEFLATE blocks that ends on a
 * byte and refers to nothing before it, so that pieces can be joined and exchanged. The file has one member: many
 * clients read no further than the first.
 */
import { promisify } from 'node:util';
import { constants, deflateRaw } from 'node:zlib';

const deflate = promisify(deflateRaw);

/** The beginning of the file: no name, no time. */
export const gzipHead = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);

/** Returns the piece for `bytes`. It is compressed in a thread of Node's pool. */
export function deflatePiece(bytes: Buffer): Promise<Buffer> {
  return deflate(bytes, { level: 6, finishFlush: constants.Z_FULL_FLUSH });
}

/** Returns the end of the file: an empty last block, the CRC-32 of all bytes before compression, and their number. */
export function gzipTail(checksum: number, length: number): Buffer {
  const tail = Buffer.alloc(10);
  tail.writeUInt16LE(0x0003, 0);
  tail.writeUInt32LE(checksum, 2);
  tail.writeUInt32LE(length % 2 ** 32, 6);
  return tail;
}

/**
 * Reads a file to its end and hashes it. A small file is read synchronously, because a switch to another thread costs
 * more than the reading. For a large file, another thread reads the next piece while this thread hashes.
 */
import { createHash } from 'node:crypto';
import { close, closeSync, constants, fstatSync, open, openSync, read, readFileSync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { hasCode } from '../../core/caught-error.ts';
import type { FullDigest } from '../file-store.ts';

const openFile = promisify(open);
const readPiece = promisify(read);
const closeFile = promisify(close);

/** Flags for opening a file that may have been replaced meanwhile by a link, or by a pipe that nobody writes to. */
const reading = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const smallBytes = 256 << 10;
const pieceBytes = 1 << 20;
const small = Buffer.allocUnsafeSlow(smallBytes + 1);

/** Returns the digest of the file at `path`, or undefined if there is none. Throws the file system's errors. */
export async function digestFile(
  path: string,
  withMd5: boolean,
  eachPiece: (piece: Buffer) => void = () => {},
): Promise<FullDigest | undefined> {
  const hashes = new Hashes(withMd5, eachPiece);
  const found = readSmall(path, hashes);
  if (found === 'none') return undefined;
  if (found === 'large') await readInPieces(path, hashes);
  return hashes.digest();
}

/** Returns the bytes of the file at `path`; undefined if there is none, but perhaps a link, folder or pipe. */
export function readWhole(path: string): Buffer | undefined {
  const fd = openOrUndefined(path);
  if (fd === undefined) return undefined;
  try {
    return fstatSync(fd).isFile() ? readFileSync(fd) : undefined;
  } finally {
    closeSync(fd);
  }
}

/** Returns the bytes from `start` to `end` of the file at `path`. Throws the file system's errors. */
export function readSlice(path: string, start: number, end: number): Buffer {
  const fd = openSync(path, reading);
  try {
    const bytes = Buffer.alloc(Math.max(0, end - start));
    let length = 0;
    for (let got = 1; got > 0 && length < bytes.length; length += got) {
      got = readSync(fd, bytes, length, bytes.length - length, start + length);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

class Hashes {
  #sha256 = createHash('sha256');
  #md5: ReturnType<typeof createHash> | undefined;
  readonly #eachPiece: (piece: Buffer) => void;
  #bytes = 0;

  constructor(withMd5: boolean, eachPiece: (piece: Buffer) => void) {
    this.#eachPiece = eachPiece;
    this.#md5 = withMd5 ? createHash('md5') : undefined;
  }

  update(piece: Buffer): void {
    this.#bytes += piece.length;
    this.#sha256.update(piece);
    this.#md5?.update(piece);
    this.#eachPiece(piece);
  }

  digest(): FullDigest {
    return { bytes: this.#bytes, sha256: this.#sha256.digest('hex'), md5: this.#md5?.digest('hex') };
  }
}

/** Reads and hashes a small file. Returns how it is otherwise: too large for that, or no file. */
function readSmall(path: string, hashes: Hashes): 'small' | 'large' | 'none' {
  const fd = openOrUndefined(path);
  if (fd === undefined) return 'none';
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) return 'none';
    if (found.size > smallBytes) return 'large';
    let bytes = 0;
    for (let got = -1; got !== 0 && bytes < small.length; bytes += got) {
      got = readSync(fd, small, bytes, small.length - bytes, bytes);
    }
    if (bytes === small.length) return 'large';
    hashes.update(small.subarray(0, bytes));
    return 'small';
  } finally {
    closeSync(fd);
  }
}

/** Opens what lies at `path`, unless that is nothing, a link, or a device or socket that cannot be opened. */
function openOrUndefined(path: string): number | undefined {
  try {
    return openSync(path, reading);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ENXIO')) return undefined;
    throw error;
  }
}

async function readInPieces(path: string, hashes: Hashes): Promise<void> {
  const fd = await openFile(path, reading);
  const buffers = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)] as const;
  let position = 0;
  let next = readPiece(fd, buffers[0], 0, pieceBytes, position);
  try {
    for (let turn = 1; ; turn += 1) {
      const { bytesRead, buffer } = await next;
      if (bytesRead === 0) return;
      position += bytesRead;
      next = readPiece(fd, turn % 2 === 0 ? buffers[0] : buffers[1], 0, pieceBytes, position);
      hashes.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    // If hashing failed, a read is still in progress.
    await next.catch(() => {});
    await closeFile(fd);
  }
}

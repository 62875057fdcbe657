/**
 * Scans a log in pieces, several at a time, and yields the results in the order of the log. A piece ends with a line,
 * so each can be scanned alone, and together they give the result of a single pass.
 */
import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { LogScanner, type ScannedLines } from '../../formats/logs/log-scanner.ts';
import type { LogPiece } from '../piece-scanner.ts';

/** Size in bytes of the portions that are read: small enough to be scanned in the processor's cache. */
const portionBytes = 256 * 1024;
const lineFeed = 0x0a;

/** Scans the lines of a piece with `scanner`. */
export function scanPiece(scanner: LogScanner, { descriptor, from, to }: LogPiece): ScannedLines {
  scanner.begin(from);
  const portion = Buffer.allocUnsafeSlow(portionBytes);
  let at = from;
  while (at < to) {
    const length = readSync(descriptor, portion, 0, Math.min(portionBytes, to - at), at);
    if (length === 0) break;
    scanner.push(portion.subarray(0, length));
    at += length;
  }
  if (to === Number.POSITIVE_INFINITY) scanner.end();
  return scanner.take();
}

/**
 * Scans the lines of `chunks`, which begin at `position`. Yields a result whenever about `bytes` bytes were scanned.
 */
export async function* scanChunks(
  chunks: AsyncIterable<Buffer>,
  position: number,
  bytes: number,
): AsyncIterable<ScannedLines> {
  const scanner = new LogScanner();
  scanner.begin(position);
  let scanned = 0;
  try {
    for await (const chunk of chunks) {
      scanner.push(chunk);
      scanned += chunk.length;
      if (scanned < bytes) continue;
      yield scanner.take();
      scanned = 0;
    }
    scanner.end();
  } catch (error) {
    yield scanner.take();
    throw error;
  }
  yield scanner.take();
}

let scans = 0;

/**
 * Cuts `file` from `position` on into pieces of about `bytes` bytes. The last piece has no end, as the log may grow.
 */
export async function* cutIntoPieces(file: FileHandle, position: number, bytes: number): AsyncIterable<LogPiece> {
  scans += 1;
  const scan = scans;
  let from = position;
  for (;;) {
    const to = await endOfLine(file, from + bytes);
    yield { scan, descriptor: file.fd, from, to };
    if (to === Number.POSITIVE_INFINITY) return;
    from = to;
  }
}

/** Returns the offset after the line that contains `position`, or Infinity if the line has no end. */
async function endOfLine(file: FileHandle, position: number): Promise<number> {
  const portion = Buffer.allocUnsafe(4096);
  for (let at = position; ; ) {
    const { bytesRead } = await file.read(portion, 0, portion.length, at);
    if (bytesRead === 0) return Number.POSITIVE_INFINITY;
    const found = portion.subarray(0, bytesRead).indexOf(lineFeed);
    if (found >= 0) return at + found + 1;
    at += bytesRead;
  }
}

/** Reads files that people write for the programs. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** The maximal size of a file, far more than the longest list of projects has. */
const maxBytes = 64 << 20;

/**
 * Reads the file at `path` as text. Throws the errors of the file system, and an Error if it is not a regular file or
 * is far too large.
 */
export function readText(path: string): string {
  return readBytes(path).toString('utf8');
}

/** Reads the file at `path` as bytes. Throws as {@link readText} does. */
export function readBytes(path: string): Buffer {
  // Without O_NONBLOCK, opening a pipe would wait until somebody writes to it.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) throw new Error('not a regular file');
    if (found.size > maxBytes) throw new Error(`larger than ${maxBytes} bytes`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Reads the files that people write for us. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** Far more than the longest list of projects. */
const maxBytes = 64 << 20;

/** The text of the file at `path`. Throws the file system's errors, and one for what is no file or far too large. */
export function readText(path: string): string {
  return readBytes(path).toString('utf8');
}

/** The same as bytes. */
export function readBytes(path: string): Buffer {
  // A pipe would else be waited for until somebody writes to it.
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

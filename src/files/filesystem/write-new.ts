/**
 * Creates files and never writes into existing ones: names in staging are easily guessed, so others may have put a file
 * or a link there.
 */
import { closeSync, copyFileSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { hasCode } from '../../core/caught-error.ts';

/** Creates the file at `path` with `body`. Anything that exists there, even a link, is removed and never written to. */
export function writeNew(path: string, body: Uint8Array | string): void {
  const fd = openNew(path);
  try {
    writeFileSync(fd, body);
  } finally {
    closeSync(fd);
  }
}

/** Creates the file at `path` likewise, and returns its descriptor. The caller closes it. */
export function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o644);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    rmSync(path, { recursive: true, force: true });
    return openSync(path, 'wx', 0o644);
  }
}

/**
 * Gives the file at `from` a second name, or copies it. Some file systems have no hard links, and some limit their
 * number per file.
 */
export function linkOrCopy(from: string, to: string): void {
  rmSync(to, { force: true });
  try {
    linkSync(from, to);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw error;
    copyFileSync(from, to);
  }
}

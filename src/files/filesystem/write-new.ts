/** Writes where nobody else can have put anything: in staging, names are easily guessed. */
import { closeSync, copyFileSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { hasCode } from '../../core/caught-error.ts';

/** Creates the file at `path` with `body`; what lies there already, be it a link, is removed and never written to. */
export function writeNew(path: string, body: Uint8Array | string): void {
  const fd = openNew(path);
  try {
    writeFileSync(fd, body);
  } finally {
    closeSync(fd);
  }
}

/** The same, to be written to and closed by the caller. */
export function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o644);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    rmSync(path, { recursive: true, force: true });
    return openSync(path, 'wx', 0o644);
  }
}

/** A second name for the file at `from`, or a copy: some file systems know none, and some limit how many a file may have. */
export function linkOrCopy(from: string, to: string): void {
  rmSync(to, { force: true });
  try {
    linkSync(from, to);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw error;
    copyFileSync(from, to);
  }
}

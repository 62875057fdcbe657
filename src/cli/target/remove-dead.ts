/** Removes what processes left that were killed while they wrote a file. */
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';

/**
 * Removes the files whose path is `prefix` and the number of a process that is no more, or of this one. Others stay, as
 * their process may be writing. So do those that the file system does not let go: they are in nobody's way.
 */
export function removeDead(prefix: string): void {
  const folder = dirname(prefix);
  const start = basename(prefix);
  try {
    for (const name of readdirSync(folder)) {
      const pid = name.startsWith(start) ? name.slice(start.length) : '';
      if (/^[1-9]\d{0,8}$/.test(pid) && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
    }
  } catch {
    // A folder may be one that this user can write to and not list.
  }
}

/** Returns true if another process has this number. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}

/** `pep381run --backup FILE TARGET`: copies the state, also while runs and other programs are at work. */
import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { messageOf } from '../../core/caught-error.ts';
import { UsageError } from '../../core/errors.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { flushNow } from '../../files/filesystem/flush.ts';
import { copyDatabase } from '../../state/sqlite/copy-database.ts';
import type { RunCommand } from '../config/run-options.ts';
import type { Lines } from '../output/lines.ts';
import { exitCodes } from '../program/exit-codes.ts';
import { guardStorage } from '../target/guard-storage.ts';
import { removeDead } from '../target/remove-dead.ts';
import { isThere, openTarget, type Target } from '../target/target.ts';
import { unknownMirror } from './open-reader.ts';
import { closedState, mayReadState } from './published-status.ts';

/**
 * Writes a copy of the state with the permissions of the state. It gets its name once it is complete and on disk; until
 * then, an earlier copy stays. Returns the exit code. Throws UsageError, StorageError.
 */
export function backUp({ file, target, quiet }: RunCommand & { kind: 'backup' }, { out }: Lines): number {
  const opened = openTarget(resolve(target));
  if (!isThere(opened.state)) throw unknownMirror(opened);
  if (!mayReadState(opened)) throw closedState(opened);
  const path = placeOf(file, opened);
  const written = `${path}.new-${process.pid}`;
  try {
    const mode = statSync(opened.state).mode & 0o777;
    removeDead(`${path}.new-`);
    guardStorage(`${path}: cannot be written`, () => {
      rmSync(written, { force: true });
      // Where others may write, too, one of them may have put a link there.
      closeSync(openSync(written, 'wx', mode));
    });
    copyDatabase(opened.state, written);
    const { size } = statSync(written);
    guardStorage(`${path}: cannot be written`, () => {
      flushNow(written);
      renameSync(written, path);
      flushNow(dirname(path));
    });
    if (!quiet) out(`${opened.state} is copied to ${path} (${showBytes(size)}).`);
    return exitCodes.ok;
  } finally {
    rmSync(written, { force: true });
  }
}

/** Returns the absolute path for `file`. Throws UsageError if a copy there would do harm, or cannot be. */
function placeOf(file: string, { root, state }: Target): string {
  const path = resolve(file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) {
    throw new UsageError(`--backup: ${path}: expected the path of a file, found a folder or something else`);
  }
  const place = join(realFolder(dirname(path)), basename(path));
  const realState = realpathSync(state);
  if (place === realState || place.startsWith(`${realState}-`)) {
    throw new UsageError(`--backup: ${path}: is the state itself; name a file on another disk`);
  }
  if (place.startsWith(`${realFolder(join(root, 'web'))}${sep}`)) {
    throw new UsageError(`--backup: ${path}: everybody could read it there; name a file outside of ${root}`);
  }
  return path;
}

function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw new UsageError(`--backup: ${path}: ${messageOf(error)}`);
  }
}

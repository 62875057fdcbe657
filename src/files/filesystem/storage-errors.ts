/** Turns the file system's errors into errors that people can act on. */
import { lstatSync, type Stats, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, hasCode } from '../../core/caught-error.ts';
import { MirrorError, StorageError, UnfitFileError } from '../../core/errors.ts';

/**
 * Returns true if anything exists at `path`. Unlike existsSync, throws the file system's errors, such as denied access.
 */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}

/**
 * Returns the stat of `path`, or undefined if nothing exists there. Nothing can exist under a name that is too long.
 */
export function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (hasCode(error, 'ENAMETOOLONG')) return undefined;
    throw error;
  }
}

/**
 * Returns `error`, which occurred at `path`, as a StorageError with advice. An error that is not the file system's is
 * returned unchanged.
 */
export function storageError(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined || !(error instanceof Error) || error instanceof MirrorError) return error;
  const Kind = code === 'EFBIG' || code === 'ENAMETOOLONG' ? UnfitFileError : StorageError;
  const todo = code === 'ENOSPC' && lacksInodes(path) ? noInodes : (advice[code] ?? '');
  return new Kind(`${path}: ${code} (${error.message.replace(/^\w+: /, '')})${todo}`, { cause: error });
}

/** Returns true if the file system of `path` has free bytes, but no free inode. `path` need not exist. */
function lacksInodes(path: string): boolean {
  try {
    const { files, ffree, bavail } = statfsSync(path);
    return files > 0 && ffree === 0 && bavail > 0;
  } catch {
    // `path` does not exist or cannot be asked. If no parent can be asked either, the usual advice is given.
    return path !== dirname(path) && lacksInodes(dirname(path));
  }
}

/** Runs `work`, which uses `path`, and turns the file system's errors into StorageErrors. */
export function guardStorage<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageError(path, error);
  }
}

const permission = '; the user that runs pep381run must own the target';
const noInodes =
  '; the file system has free bytes, but no inode for another file (df -i): remove files, or make it anew with more inodes';
const full = '; free some space and run again: nothing is lost';
const advice: Readonly<Record<string, string>> = {
  EACCES: permission,
  EPERM: permission,
  EROFS: '; the target must be writable',
  EXDEV: '; below web/ only simple/, packages/, local-stats/ and the folders in packages/ may be mounts of their own',
  ENOSPC: full,
  EDQUOT: full,
  UNKNOWN: '; Node.js has no name for the reason, which may be a full quota',
  EMFILE: '; raise the limit of open files (ulimit -n)',
};

/** The file system's errors, as a person needs to read them. */
import { lstatSync, type Stats, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, hasCode } from '../../core/caught-error.ts';
import { MirrorError, StorageError, UnfitFileError } from '../../core/errors.ts';

/** Whether anything lies at `path`; unlike existsSync it does not take a refusal for a no. Throws the file system's errors. */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}

/** What lies at `path`, if anything: where its name is longer than a file system takes, nothing can. */
export function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (hasCode(error, 'ENAMETOOLONG')) return undefined;
    throw error;
  }
}

/** `error`, which met `path`, as a StorageError with advice; anything that is not the file system's stays as it is. */
export function storageError(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined || !(error instanceof Error) || error instanceof MirrorError) return error;
  const Kind = code === 'EFBIG' || code === 'ENAMETOOLONG' ? UnfitFileError : StorageError;
  const todo = code === 'ENOSPC' && lacksInodes(path) ? noInodes : (advice[code] ?? '');
  return new Kind(`${path}: ${code} (${error.message.replace(/^\w+: /, '')})${todo}`, { cause: error });
}

/** Whether the file system of `path`, which need not exist, has room for bytes, but for no file. */
function lacksInodes(path: string): boolean {
  try {
    const { files, ffree, bavail } = statfsSync(path);
    return files > 0 && ffree === 0 && bavail > 0;
  } catch {
    // Where nothing can be asked, the usual advice is given.
    return path !== dirname(path) && lacksInodes(dirname(path));
  }
}

/** Runs `work`, which meets `path`; the file system's errors become StorageErrors. */
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

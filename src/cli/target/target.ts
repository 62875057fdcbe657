/** The folder TARGET: the paths that the programs share, and the check that a folder is a mirror. */
import {
  accessSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { hasCode, messageOf } from '../../core/caught-error.ts';
import { StorageError, UsageError } from '../../core/errors.ts';
import { keepDatabase, prepareLocks } from './private-files.ts';

/** The paths under a target that the programs share. */
export interface Target {
  readonly root: string;
  readonly config: string;
  readonly state: string;
  /** The record of a machine that stands by while another one publishes the mirror. */
  readonly standby: string;
  /** The listing of an object store, which a check makes and deletes at its end. */
  readonly listing: string;
  /** The lock of runs. The locks of the other programs lie beside it. */
  readonly lock: string;
  readonly requestFlag: string;
  /** The output of runs that `/sync` started, which others can write; and where it is kept. */
  readonly syncLog: string;
  readonly keptSyncLog: string;
}

/** The names of everything that a mirror may have in its target. */
const ours =
  /^(?:mirror\.toml|state\.db(?:-wal|-shm|\.(?:lost|before|copy|restored).*)?|standby\.json(?:\.new)?|listing\.db(?:-wal|-shm)?|lock|run|staging|staging-stats|spool|log|trash|old-state|web|lost\+found)$/;

/**
 * Returns the target at the absolute path `root`, which need not exist. Throws UsageError if the folder is neither
 * empty nor a mirror, and `isOldTarget` does not accept it either.
 */
export function openTarget(root: string, isOldTarget?: () => boolean): Target {
  const target = pathsOf(root);
  const foreign = list(root).find((name) => !ours.test(name));
  // A folder with a state or with settings is a mirror, whatever else lies in it.
  const isExpected = [target.state, target.config].some(isThere);
  const isOurs = foreign === undefined || isExpected;
  if (!isOurs && isOldTarget?.() !== true) {
    const advice = isOldTarget === undefined ? ', or run pep381run first if another program mirrored into it' : '';
    throw new UsageError(`${root}: is neither empty nor a mirror (it holds ${foreign}); name another folder${advice}`);
  }
  return target;
}

/** Returns the paths under a target at the absolute path `root`, whatever lies there. */
export function pathsOf(root: string): Target {
  return {
    root,
    config: join(root, 'mirror.toml'),
    state: join(root, 'state.db'),
    standby: join(root, 'standby.json'),
    listing: join(root, 'listing.db'),
    lock: join(root, 'lock', 'run.db'),
    requestFlag: join(root, 'run', 'sync-requested'),
    syncLog: join(root, 'run', 'sync.log'),
    keptSyncLog: join(root, 'log', 'sync.log'),
  };
}

/**
 * Creates the folders and files that a run needs before anything else. `stateMode` is the mode of the state. Throws
 * StorageError.
 */
export function prepareTarget({ root, lock, state }: Target, stateMode: number): void {
  const run = join(root, 'run');
  asStorageError(root, 'created', () => mkdirSync(run, { recursive: true }));
  // SQLite would only say that it cannot open a file.
  asStorageError(root, 'written to', () => accessSync(root, constants.W_OK));
  prepareLocks(dirname(lock), run);
  keepDatabase(state, stateMode);
}

/** Returns the path of the lock of another program than pep381run. */
export function lockOf({ lock }: Pick<Target, 'lock'>, program: 'check' | 'stats'): string {
  return join(dirname(lock), `${program}.db`);
}

function asStorageError(root: string, what: string, work: () => void): void {
  try {
    work();
  } catch (cause) {
    throw new StorageError(`${root}: cannot be ${what}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Removes the request for a run. Returns true if there was one. Others may be allowed to write to `run/`: an empty
 * folder in place of the flag is removed, and a folder with contents is put aside and reported to `tell`. Throws
 * StorageError.
 */
export function takeRequest({ requestFlag }: Pick<Target, 'requestFlag'>, tell: (message: string) => void): boolean {
  try {
    const found = lstatSync(requestFlag, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) return removeFolder(requestFlag, tell);
    if (found !== undefined) unlinkSync(requestFlag);
    return found !== undefined;
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return false;
    throw new StorageError(`${requestFlag}: cannot be removed: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Removes a folder in place of the flag, but nothing below it: between two checks, its owner may replace a folder by a
 * link to our files.
 */
function removeFolder(requestFlag: string, tell: (message: string) => void): boolean {
  const aside = `${requestFlag}.folder-${Date.now()}`;
  try {
    if (readdirSync(requestFlag).length === 0) rmdirSync(requestFlag);
    else {
      renameSync(requestFlag, aside);
      tell(`${requestFlag}: was a folder that somebody had filled; look at ${aside}, and remove it`);
    }
    return true;
  } catch (cause) {
    const reason = messageOf(cause);
    tell(`${requestFlag}: is a folder that cannot be removed (${reason}); no request is seen until you remove it`);
    return false;
  }
}

/**
 * Returns for how many milliseconds a run has been requested, or undefined if none is. A folder is no request, as it
 * might stay for ever.
 */
export function requestAgeMs({ requestFlag }: Target, nowMs: number): number | undefined {
  const found = statOf(requestFlag, lstatSync);
  return found === undefined || found.isDirectory() ? undefined : nowMs - found.mtimeMs;
}

/** Returns true if anything lies at `path`. Unlike existsSync, it throws StorageError if the answer is refused. */
export function isThere(path: string): boolean {
  return statOf(path) !== undefined;
}

function statOf(path: string, look: typeof statSync = statSync): Stats | undefined {
  try {
    return look(path, { throwIfNoEntry: false });
  } catch (cause) {
    if (hasCode(cause, 'ENOTDIR')) return undefined;
    throw new StorageError(`${path}: cannot be looked at: ${messageOf(cause)}`, { cause });
  }
}

function list(root: string): string[] {
  try {
    return readdirSync(root);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return [];
    if (hasCode(cause, 'ENOTDIR')) throw new UsageError(`${root}: expected a folder, found a file`, { cause });
    throw new StorageError(`${root}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}

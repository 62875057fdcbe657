/** The folder TARGET: what a mirror keeps there, and how one is told from a folder that is none. */
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

/** The places under a target that the programs share. */
export interface Target {
  readonly root: string;
  readonly config: string;
  readonly state: string;
  /** That of runs; the other programs have theirs beside it. */
  readonly lock: string;
  readonly requestFlag: string;
  /** What runs that `/sync` started had to say. */
  readonly syncLog: string;
}

/** Everything that a mirror has under its target. */
const ours =
  /^(?:mirror\.toml|state\.db(?:-wal|-shm|\.lost.*)?|lock|run|staging|staging-stats|trash|old-state|web|lost\+found)$/;

/**
 * The target at the absolute path `root`, which need not exist. Throws UsageError for a folder that is no mirror, and
 * that `isOldTarget` does not know either.
 */
export function openTarget(root: string, isOldTarget?: () => boolean): Target {
  const target = pathsOf(root);
  const foreign = list(root).find((name) => !ours.test(name));
  // Whoever wrote the settings means this folder, whatever else lies in it.
  const isMeant = [target.state, target.config].some(isThere);
  const isOurs = foreign === undefined || isMeant;
  if (!isOurs && isOldTarget?.() !== true) {
    const advice = isOldTarget === undefined ? ', or run pep381run first if another program mirrored into it' : '';
    throw new UsageError(`${root}: is neither empty nor a mirror (it holds ${foreign}); name another folder${advice}`);
  }
  return target;
}

/** The places under a target at the absolute path `root`, whatever lies there. */
export function pathsOf(root: string): Target {
  return {
    root,
    config: join(root, 'mirror.toml'),
    state: join(root, 'state.db'),
    lock: join(root, 'lock', 'run.db'),
    requestFlag: join(root, 'run', 'sync-requested'),
    syncLog: join(root, 'run', 'sync.log'),
  };
}

/** Creates what a run needs before anything else; `stateMode` is that of the state. Throws StorageError. */
export function prepareTarget({ root, lock, state }: Target, stateMode: number): void {
  const run = join(root, 'run');
  asStorageError(root, 'created', () => mkdirSync(run, { recursive: true }));
  // SQLite would only say that it cannot open a file.
  asStorageError(root, 'written to', () => accessSync(root, constants.W_OK));
  prepareLocks(dirname(lock), run);
  keepDatabase(state, stateMode);
}

/** The lock of another program than runs. */
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
 * Removes the request for a run, and tells whether there was one. `run/` may be open to others: an empty folder is removed,
 * too, and one that somebody has filled is put aside, and told to `tell`. Throws StorageError.
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

/** Nothing below it: between two looks, its owner may put a link to our files in the place of a folder. */
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

/** For how long a run has been asked for; undefined when nobody asks. A folder is no request: it might stay for ever. */
export function requestAgeMs({ requestFlag }: Target, nowMs: number): number | undefined {
  const found = statOf(requestFlag, lstatSync);
  return found === undefined || found.isDirectory() ? undefined : nowMs - found.mtimeMs;
}

/** Whether anything lies at `path`; unlike existsSync it does not take a refusal for a no. Throws StorageError. */
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

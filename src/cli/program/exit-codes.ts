/** What a run's end means to cron, scripts and people. */
import {
  DamagedFileError,
  MismatchError,
  NoChangelogError,
  NonsenseError,
  StorageError,
  TooLargeError,
  UnreachableError,
  UsageError,
} from '../../core/errors.ts';

/** The one table of exit codes. */
export const exitCodes = {
  /** The mirror is right; or nothing was finished: another run is at work, or Ctrl-C paused this one, as in 1.5. */
  ok: 0,
  /** Finished, but something failed and stays queued, or a person must look at something. */
  incomplete: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** Upstream could not be reached or speaks nonsense; nothing was changed. */
  upstream: 3,
  /** The local disk or database failed. */
  storage: 4,
  /** Deletions were held back by the brake; everything else was done. */
  heldBack: 5,
  /** An error of ours, or the run died. */
  bug: 70,
} as const;

const ofStorage = [StorageError, DamagedFileError, TooLargeError];

/**
 * The code for the error that ended a run; `changed` tells whether the run had changed anything before.
 * Undefined for what is not an expected failure: that is a bug, and keeps its stack.
 */
export function exitCodeOf(error: unknown, changed: boolean): number | undefined {
  if (error instanceof UsageError) return exitCodes.usage;
  if (ofStorage.some((kind) => error instanceof kind)) return exitCodes.storage;
  const ofUpstream = [UnreachableError, NonsenseError, NoChangelogError, MismatchError];
  if (ofUpstream.some((kind) => error instanceof kind)) return changed ? exitCodes.incomplete : exitCodes.upstream;
  return undefined;
}

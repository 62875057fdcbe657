/**
 * The request for a run, and who starts one. `TARGET/run/sync-requested` stands from the moment somebody asks until a
 * run takes it away, which it does before it asks upstream; so whoever finds it standing need not do anything: all that
 * upstream has by now will be mirrored by the pass that takes it.
 *
 * Whoever creates it, which is exactly one, starts pep381run. That either gets the lock and takes the flag, or leaves it
 * to the run that holds the lock, which looks for it before it ends, and once more when it has let the lock go.
 *
 * A flag that stands for ten minutes belongs to a long pass, or its starter died. Nobody can tell without the lock, so
 * pep381run is started again, at most once in ten minutes; where a run is at work it ends at once.
 */
import { lutimesSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../core/caught-error.ts';
import { minuteMs } from '../core/durations.ts';
import { ageMs, claimMark, createFile, removeMark } from './exclusive-mark.ts';

const staleAfterMs = 10 * minuteMs;
const flagName = 'sync-requested';
const retriesFolder = 'sync-retries';

/** Sees to it that the flag in the folder `run` stands. True when it is the caller who has to start a run. */
export function raiseFlag(run: string, nowMs: number): boolean {
  const flag = join(run, flagName);
  for (;;) {
    if (createInFolder(flag, run)) return true;
    const age = ageMs(flag, nowMs);
    // Taken at this moment, by a pass that may have asked upstream already.
    if (age === undefined) continue;
    return age > staleAfterMs && claimMark(join(run, retriesFolder), retryName(nowMs), nowMs) === 'first';
  }
}

/** Nobody could be started: the flag stays, for whoever comes, and the next request may try again at once. */
export function giveUpStart(run: string, nowMs: number): void {
  removeMark(join(run, retriesFolder), retryName(nowMs));
  try {
    lutimesSync(join(run, flagName), 0, 0);
  } catch (error) {
    // Taken in the meantime, or somebody else's: then it is theirs to see to it.
    if (!hasCode(error, 'ENOENT', 'EPERM')) throw error;
  }
}

function createInFolder(flag: string, run: string): boolean {
  try {
    return createFile(flag);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    mkdirSync(run, { recursive: true });
    return createFile(flag);
  }
}

function retryName(nowMs: number): string {
  return String(Math.floor(nowMs / staleAfterMs));
}

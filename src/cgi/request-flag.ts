/**
 * Records that a run is requested, and decides who starts it.
 *
 * The flag `TARGET/run/sync-requested` exists from the first request until a run removes it. The run removes it before
 * it asks upstream, so a request that finds the flag needs no action: the pass that removes it will mirror everything
 * that upstream has by now.
 *
 * The request that creates the flag, which is exactly one, starts pep381run. That run either gets the lock and removes
 * the flag, or leaves the flag to the run that holds the lock. A run looks for the flag before it ends, and once more
 * after it has released the lock.
 *
 * A flag that is ten minutes old belongs to a long pass, or the run that should have removed it was never started or
 * died. Without the lock the two cannot be distinguished, so pep381run is started again, at most once in ten minutes.
 * If a run is active, the new one ends at once.
 */
import { lutimesSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../core/caught-error.ts';
import { minuteMs } from '../core/durations.ts';
import { ageMs, claimMark, createFile, removeMark } from './exclusive-mark.ts';

const staleAfterMs = 10 * minuteMs;
const flagName = 'sync-requested';
const retriesFolder = 'sync-retries';

/** Makes sure that the flag in the folder `run` exists. Returns true if the caller must start a run. */
export function raiseFlag(run: string, nowMs: number): boolean {
  const flag = join(run, flagName);
  for (;;) {
    if (createInFolder(flag, run)) return true;
    const age = ageMs(flag, nowMs);
    // A pass has just removed the flag, and may have asked upstream already: a new flag is needed.
    if (age === undefined) continue;
    return age > staleAfterMs && claimMark(join(run, retriesFolder), retryName(nowMs), nowMs) === 'first';
  }
}

/** Records that no run could be started. The flag stays for any run, and the next request may try again at once. */
export function giveUpStart(run: string, nowMs: number): void {
  removeMark(join(run, retriesFolder), retryName(nowMs));
  try {
    lutimesSync(join(run, flagName), 0, 0);
  } catch (error) {
    // The flag was removed meanwhile, or belongs to another user, who then takes care of it.
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

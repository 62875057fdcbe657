/** `pep381checkfiles --rebuild`: rebuilds a lost or damaged `state.db`. */
import { join } from 'node:path';
import { LostTreeError, PausedError, StorageError } from '../../core/errors.ts';
import type { Report } from '../../core/report.ts';
import { isInitialized } from '../../state/mirror-state.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import type { CheckArguments } from '../config/check-options.ts';
import { jsonReport, problemOf, textReport } from '../output/event-lines.ts';
import { lines } from '../output/lines.ts';
import { exitCodes } from '../program/exit-codes.ts';
import { listenForPause } from '../program/signals.ts';
import { systemClock } from '../program/system-clock.ts';
import { openExpectedState } from '../target/open-expected-state.ts';
import { openOldTarget } from '../target/open-old-target.ts';
import { isThere, type Target } from '../target/target.ts';
import { openRebuild } from './open-check.ts';
import { rebuildState } from './rebuild-state.ts';

/** Rebuilds the state of `target`. Resolves with the exit code. Throws StorageError. */
export async function rebuild(command: CheckArguments, target: Target): Promise<number> {
  // The lock of runs is needed: unlike a check, a rebuild replaces the state that a run works with.
  const release = takeLock(target.lock);
  if (release === undefined) {
    lines.err(`pep381checkfiles: error: ${target.root}: a run is at work; rebuild again when it has ended`);
    return exitCodes.incomplete;
  }
  const pause = listenForPause();
  try {
    const report = reportOf(command);
    const asideMs = isBlank(target) ? undefined : Date.now();
    if (openOldTarget(target.root) === undefined) throw nothingToRead(target);
    await rebuildState(target, asideMs, () => openRebuild(target, report, pause.signal));
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof PausedError) && !pause.signal.aborted) throw error;
    lines.out('\nRebuilding paused. Resume by starting pep381run.');
    return pause.exitCode();
  } finally {
    release();
  }
}

/**
 * Returns true if there is no state, or an undamaged one that knows nothing of a mirror, such as processlogs creates.
 */
function isBlank(target: Target): boolean {
  try {
    if (!isThere(target.state)) return true;
    const state = openExpectedState(target, systemClock);
    const known = isInitialized(state);
    state.close();
    return !known;
  } catch (error) {
    // A damaged state cannot say what should be in the tree. It is not blank, and is put aside.
    if (error instanceof LostTreeError || !(error instanceof StorageError)) throw error;
    return false;
  }
}

function nothingToRead({ root }: Target): StorageError {
  const simple = join(root, 'web', 'simple');
  return new StorageError(`${simple}: holds no project, so that nothing can be made of it; is the disk mounted?`);
}

function reportOf({ quiet, logFormat }: CheckArguments): Report {
  if (logFormat === 'json') return jsonReport(lines, Date.now);
  if (!quiet) return textReport(lines, false);
  return (event) => {
    const problem = problemOf(event);
    if (problem !== undefined) lines.err(problem);
  };
}

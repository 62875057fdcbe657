/** `pep381checkfiles --rebuild`: makes a lost or damaged state.db anew. */
import { join } from 'node:path';
import { PausedError, StorageError } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import { takeLock } from '../state/sqlite/lock.ts';
import { openState } from '../state/sqlite/open-state.ts';
import type { CheckArguments } from './checkfiles-options.ts';
import { exitCodes } from './exit-codes.ts';
import { openExpectedState } from './expect-tree.ts';
import { openRebuild } from './open-check.ts';
import { openOldTarget } from './open-old-target.ts';
import { rebuildState } from './rebuild.ts';
import { listenForPause } from './signals.ts';
import { systemClock } from './system-clock.ts';
import { isThere, type Target } from './target.ts';
import { jsonReport, problemOf, textReport } from './text-report.ts';
import { lines } from './view.ts';

/** Rebuilds the state of `target`; resolves with the exit code. Throws StorageError. */
export async function rebuild(
  command: CheckArguments,
  target: Target,
  nativeBinding: string | undefined,
): Promise<number> {
  // Unlike a check it replaces what a run works with.
  const release = takeLock(target.lock, nativeBinding);
  if (release === undefined) {
    if (!command.quiet) lines.out('Currently already running; rebuilding is skipped');
    return exitCodes.right;
  }
  const pause = listenForPause();
  try {
    const report = reportOf(command);
    expectSomethingToRead(target, nativeBinding);
    await rebuildState(target, Date.now(), () => openRebuild(target, report, pause.signal, nativeBinding));
    return exitCodes.right;
  } catch (error) {
    if (!(error instanceof PausedError) && !pause.signal.aborted) throw error;
    lines.out('\nRebuilding paused. Resume by starting pep381run.');
    return pause.exitCode();
  } finally {
    release();
  }
}

/** A disk that is not mounted must not end as a mirror of nothing. */
function expectSomethingToRead(target: Target, nativeBinding: string | undefined): void {
  if (isThere(target.state) && isReadable(target, nativeBinding)) {
    openExpectedState(target, systemClock, { nativeBinding, readOnly: true }).close();
  }
  if (openOldTarget(target.root) !== undefined) return;
  throw new StorageError(
    `${join(target.root, 'web', 'simple')}: holds no project, so that nothing can be made of it; is the disk mounted?`,
  );
}

/** What is damaged, or of another version, cannot say what should be there. */
function isReadable({ state }: Target, nativeBinding: string | undefined): boolean {
  try {
    openState(state, { nativeBinding, readOnly: true }).close();
    return true;
  } catch (error) {
    if (error instanceof StorageError) return false;
    throw error;
  }
}

function reportOf({ quiet, logFormat }: CheckArguments): Report {
  if (logFormat === 'json') return jsonReport(lines, Date.now);
  if (!quiet) return textReport(lines, false);
  return (event) => {
    const problem = problemOf(event);
    if (problem !== undefined) lines.err(problem);
  };
}

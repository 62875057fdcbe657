/** `pep381checkfiles --rebuild`: makes a lost or damaged state.db anew. */
import { PausedError } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import { takeLock } from '../state/sqlite/lock.ts';
import type { CheckArguments } from './checkfiles-options.ts';
import { exitCodes } from './exit-codes.ts';
import { openRebuild } from './open-check.ts';
import { rebuildState } from './rebuild.ts';
import { listenForPause } from './signals.ts';
import type { Target } from './target.ts';
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

function reportOf({ quiet, logFormat }: CheckArguments): Report {
  if (logFormat === 'json') return jsonReport(lines, Date.now);
  if (!quiet) return textReport(lines, false);
  return (event) => {
    const problem = problemOf(event);
    if (problem !== undefined) lines.err(problem);
  };
}

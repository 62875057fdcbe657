/** What runs leave in the state for monitoring: the last one, and the sums over all. */
import { type StoreUsage, sumOfUsage } from '../../core/store-usage.ts';
import { runResultsState } from '../../state/mirror-state.ts';
import type { RunResult, RunSums } from '../../state/program-results.ts';
import { type Change, change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';
import { exitCodes } from '../program/exit-codes.ts';
import type { RunTotals } from './run-totals.ts';

const noSums: RunSums = {
  runs: {},
  publishedProjects: 0,
  removedProjects: 0,
  fetchedFiles: 0,
  fetchedBytes: 0,
  removedFiles: 0,
  failures: 0,
  warnings: 0,
  alarms: 0,
  hookFailures: 0,
};

/**
 * Returns the change that remembers a run, and what it asked of the object store if there is one. A run that was paused
 * counts in the sums only.
 */
export function runResults(
  state: Pick<StateStore, 'get'>,
  tally: RunTotals,
  result: Omit<RunResult, 'connections'>,
  isPaused: boolean,
  store?: StoreUsage,
): Change {
  const { runSums = noSums, succeededAt } = state.get(runResultsState);
  const { exitCode, finishedMs } = result;
  const sums: RunSums = {
    runs: { ...runSums.runs, [exitCode]: (runSums.runs[exitCode] ?? 0) + 1 },
    publishedProjects: runSums.publishedProjects + tally.projects.published,
    removedProjects: runSums.removedProjects + tally.projects.removed,
    fetchedFiles: runSums.fetchedFiles + tally.files,
    // A download that begins again takes back what it had.
    fetchedBytes: runSums.fetchedBytes + Math.max(0, tally.bytes),
    removedFiles: runSums.removedFiles + tally.removedFiles,
    failures: runSums.failures + Math.max(0, tally.parked.size - tally.heldBack),
    warnings: runSums.warnings + tally.warnings,
    alarms: runSums.alarms + tally.alarms.length,
    hookFailures: runSums.hookFailures,
    store: sumOfUsage([runSums.store, store]),
  };
  if (isPaused) return change(runResultsState, { runSums: sums });
  return change(runResultsState, {
    lastRun: { ...result, connections: Object.fromEntries(tally.connections) },
    runSums: sums,
    succeededAt: exitCode === exitCodes.ok ? finishedMs : succeededAt,
  });
}

/** Remembers the number of hooks that failed in a run, and since when hooks fail. Throws StorageError. */
export function rememberHooks(state: StateStore, failures: number, nowMs: number): void {
  const { runSums = noSums, hooksFailSince } = state.get(runResultsState);
  if (failures === 0 && hooksFailSince === undefined) return;
  state.set(
    change(runResultsState, {
      runSums: { ...runSums, hookFailures: runSums.hookFailures + failures },
      hooksFailSince: failures === 0 ? undefined : (hooksFailSince ?? nowMs),
    }),
  );
}

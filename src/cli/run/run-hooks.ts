/** Starts the commands of `[hooks]` at the end of a run, which still holds the lock. */
import type { Report } from '../../core/report.ts';
import type { ChangedPaths } from '../../files/changed-paths.ts';
import { alarmState, serialState } from '../../state/mirror-state.ts';
import type { AlarmRecord } from '../../state/program-results.ts';
import { change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';
import type { Hooks } from '../config/hooks.ts';
import { printable } from '../output/printable.ts';
import { runHook } from './run-hook.ts';
import type { RunTotals } from './run-totals.ts';

export interface HookRun {
  readonly hooks: Hooks;
  /** The folder of the mirror. */
  readonly root: string;
  readonly state: StateStore;
  readonly changedPaths: ChangedPaths | undefined;
  readonly tally: RunTotals;
  /** The exit code of the run. */
  readonly code: number;
  readonly report: Report;
  /** Aborts if the run is to stop. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Starts the hooks that have something to hear. What a hook did not take with exit code 0, the next run gives it
 * again. Reports a warning for each hook that failed, and resolves with their number. Throws StorageError.
 */
export async function runHooks(run: HookRun): Promise<number> {
  const failures = [await runAfterRun(run), ...(await runOnAlarm(run))].filter((failure) => failure !== undefined);
  for (const message of failures) run.report({ type: 'warning', message });
  return failures.length;
}

async function runAfterRun(run: HookRun): Promise<string | undefined> {
  const { hooks, changedPaths, signal } = run;
  const { afterRun: command, timeoutSeconds } = hooks;
  if (command === undefined || changedPaths?.hasPaths() !== true) return undefined;
  const env = environmentOf(run, 'after-run');
  const call = { command, input: changedPaths.lines(), env, timeoutMs: timeoutSeconds * 1000, signal };
  const problem = await runHook(call);
  if (problem !== undefined) return `hooks.after-run: ${problem}; the next run gives it the same paths again`;
  changedPaths.clear();
  return undefined;
}

/** Starts the hook for each alarm that it has not taken, until its time is over. Resolves with the failures. */
async function runOnAlarm(run: HookRun): Promise<string[]> {
  const { hooks, state, signal, now } = run;
  const { onAlarm: command, timeoutSeconds } = hooks;
  const due = (state.get(alarmState).alarms ?? []).filter(({ isHookDue }) => isHookDue === true);
  if (command === undefined || due.length === 0) return [];
  const env = environmentOf(run, 'on-alarm');
  const end = now() + timeoutSeconds * 1000;
  for (const alarm of due) {
    const timeoutMs = Math.max(1, Math.min(end - now(), timeoutSeconds * 1000));
    const problem = await runHook({ command, input: [`${printable(alarm.message)}\n`], env, timeoutMs, signal });
    // Whatever kept it from one alarm would keep it from the next one, too.
    if (problem !== undefined) return [`hooks.on-alarm: ${problem}; the next run gives it the same alarm again`];
    markTaken(state, alarm);
  }
  return [];
}

function markTaken(state: StateStore, { message, since }: AlarmRecord): void {
  const { alarms = [] } = state.get(alarmState);
  const marked = alarms.map((alarm) => {
    const { isHookDue, ...taken } = alarm;
    return alarm.message === message && alarm.since === since ? taken : alarm;
  });
  state.set(change(alarmState, { alarms: marked }));
}

function environmentOf({ root, state, tally, code }: HookRun, hook: string): Record<string, string> {
  const { serial } = state.get(serialState);
  return {
    PEP381_HOOK: hook,
    PEP381_TARGET: root,
    PEP381_EXIT_CODE: String(code),
    PEP381_PUBLISHED_PROJECTS: String(tally.projects.published),
    PEP381_REMOVED_PROJECTS: String(tally.projects.removed),
    PEP381_FETCHED_FILES: String(tally.files),
    PEP381_FETCHED_BYTES: String(tally.bytes),
    PEP381_REMOVED_FILES: String(tally.removedFiles),
    ...(serial !== undefined && { PEP381_SERIAL: String(serial) }),
  };
}

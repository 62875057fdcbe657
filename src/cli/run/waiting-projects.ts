/** Explains exit code 1 of a run in which nothing failed: projects that earlier runs could not finish are waiting. */
import { plural, showCount } from '../../core/counts.ts';
import { dayMs, hourMs } from '../../core/durations.ts';
import { runState } from '../../state/mirror-state.ts';
import type { KeptParked } from '../../state/queue.ts';
import type { StateStore } from '../../state/state-store.ts';
import { isoTime, shortTime } from '../output/units.ts';

/**
 * Returns one line: the number of projects that wait for another try, the one that waits longest with its reason, and
 * the time of its next try. Undefined if none waits.
 */
export function waitingText(state: StateStore, root: string, nowMs: number): string | undefined {
  const { parked, heldBack } = state.totals();
  const count = parked - heldBack;
  const first = longestWaiting(state, heldBack);
  if (first === undefined || count <= 0) return undefined;
  const { due, reason, nextTry } = first;
  const what = reason.startsWith(`${due.name}: `) ? reason : `${due.name}: ${reason}`;
  const next =
    nextTry !== undefined && nextTry > nowMs ? `not before ${shortTime(isoTime(nextTry))}` : 'in the next run';
  const others = count === 1 ? '' : `; ${showCount(count - 1)} more (pep381run --status ${root})`;
  const wait = `${plural(count, 'project')} ${count === 1 ? 'waits' : 'wait'} for another try`;
  return `${wait}, since ${shortTime(isoTime(due.since))} ${what}; next try ${next}${others}`;
}

/**
 * Returns true if the waiting projects are to be reported even with -q: once a day, and only if one has waited for an
 * hour.
 */
export function isWaitingUrgent(state: StateStore, nowMs: number): boolean {
  const first = longestWaiting(state, state.totals().heldBack);
  const { waitingToldAt = 0 } = state.get(runState);
  const isReported = Math.abs(nowMs - waitingToldAt) < dayMs;
  return first !== undefined && nowMs - first.due.since >= hourMs && !isReported;
}

/**
 * Returns the project that waits longest. Held-back deletions are skipped: they wait for a person, and are reported
 * separately.
 */
function longestWaiting(state: StateStore, heldBack: number): KeptParked | undefined {
  return state.queue.parked(heldBack + 1).find(({ obstacle }) => !obstacle.endsWith('held-back'));
}

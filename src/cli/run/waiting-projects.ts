/** What a run says that ends with exit code 1 although nothing failed in it: what earlier runs could not finish waits. */
import { dayMs, hourMs } from '../../core/durations.ts';
import { runState } from '../../state/mirror-state.ts';
import type { KeptParked } from '../../state/queue.ts';
import type { StateStore } from '../../state/state-store.ts';
import { isoTime, plural, shortTime, showCount } from '../output/units.ts';

/** How many projects wait for another try, the longest waiting one with its reason, and when it is tried again: one line. */
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

/** Whether somebody who reads only what is urgent is told: once a day, of what did not heal within an hour. */
export function isWaitingUrgent(state: StateStore, nowMs: number): boolean {
  const first = longestWaiting(state, state.totals().heldBack);
  const { waitingToldAt = 0 } = state.get(runState);
  const isTold = Math.abs(nowMs - waitingToldAt) < dayMs;
  return first !== undefined && nowMs - first.due.since >= hourMs && !isTold;
}

/** What the brake holds back waits for a person, and is told apart. */
function longestWaiting(state: StateStore, heldBack: number): KeptParked | undefined {
  return state.queue.parked(heldBack + 1).find(({ obstacle }) => !obstacle.endsWith('held-back'));
}

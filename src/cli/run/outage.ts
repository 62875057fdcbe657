/**
 * Tells of an outage of upstream. Runs are started every quarter of an hour, and each fails in the same way: cron would
 * mail all of them. A quiet run prints a failure when it is a new one, and else once a day; and the first run that
 * reaches upstream again prints since when none did.
 */
import { dayMs } from '../../core/durations.ts';
import { runState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';
import { isoTime, shortTime } from '../output/units.ts';

/** The number of failures that are remembered. */
const maxTold = 20;

/** Notes that a run failed with `message`, as it could not reach upstream. Returns true if a quiet run prints it. */
export function noteOutage(state: Pick<StateStore, 'get' | 'set'>, message: string, nowMs: number): boolean {
  const { outage: { since, told } = { since: nowMs, told: {} } } = state.get(runState);
  // Ports, times and counts differ from run to run.
  const failure = message.replace(/\d+/g, '#');
  const recent = Object.entries(told).filter(([, at]) => at <= nowMs && nowMs - at < dayMs);
  if (recent.some(([known]) => known === failure)) return false;
  const latest = recent.slice(1 - maxTold);
  state.set(change(runState, { outage: { since, told: Object.fromEntries([...latest, [failure, nowMs]]) } }));
  return true;
}

/** Forgets the outage, as upstream was reached. Returns a line about it, or undefined if there was none. */
export function endOutage(state: Pick<StateStore, 'get' | 'set'>): string | undefined {
  const { outage } = state.get(runState);
  if (outage === undefined) return undefined;
  state.set(change(runState, { outage: undefined }));
  return `Upstream can be reached again; runs failed since ${shortTime(isoTime(outage.since))}`;
}

/** The clock of this machine may be wrong, and what is deleted by its age is gone for good. */
import type { Clock } from '../core/clock.ts';
import { dayMs } from '../core/durations.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Mirror } from './mirror.ts';

/** The time that it surely is by now: the earlier one of our clock and upstream's. */
export function earliestNow({ clock, upstream }: Mirror): number {
  return Math.min(clock.now(), upstream.time() ?? 0);
}

/** The later one of both clocks: what is removed by it is not old before its time. */
export function laterClock(clock: Clock, upstream: Pick<Upstream, 'time'>): Pick<Clock, 'now'> {
  return { now: () => Math.max(clock.now(), upstream.time() ?? 0) };
}

/** Tells when the two are more than a day apart. */
export function compareClocks({ clock, upstream, report }: Mirror): void {
  const [ours, theirs] = [clock.now(), upstream.time()];
  if (theirs === undefined || Math.abs(ours - theirs) <= dayMs) return;
  const [here, there] = [ours, theirs].map((time) => new Date(time).toISOString().slice(0, 10));
  const message = `the clock of this machine says ${here}, and upstream's ${there}: one of them is wrong`;
  report({ type: 'warning', message });
}

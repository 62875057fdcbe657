/**
 * Compares the clock of this machine with upstream's. Either may be wrong, and what is deleted because of its age is
 * gone for good.
 */
import type { Clock } from '../core/clock.ts';
import { dayMs } from '../core/durations.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Mirror } from './mirror.ts';

/** Returns the earlier time of our clock and upstream's, in milliseconds since 1970, or 0 if upstream's is unknown. */
export function earliestNow({ clock, upstream }: Mirror): number {
  return Math.min(clock.now(), upstream.time() ?? 0);
}

/** Returns a clock with the later time of ours and upstream's. What is dated by it never seems older than it is. */
export function laterClock(clock: Clock, upstream: Pick<Upstream, 'time'>): Pick<Clock, 'now'> {
  return { now: () => Math.max(clock.now(), upstream.time() ?? 0) };
}

/** Reports a warning if the two clocks differ by more than a day. */
export function compareClocks({ clock, upstream, report }: Mirror): void {
  const [ours, theirs] = [clock.now(), upstream.time()];
  if (theirs === undefined || Math.abs(ours - theirs) <= dayMs) return;
  const [here, there] = [ours, theirs].map((time) => new Date(time).toISOString().slice(0, 10));
  const message = `the clock of this machine says ${here}, and upstream's ${there}: one of them is wrong`;
  report({ type: 'warning', message });
}

/** Queues projects for changes that carry no serial: each project is synced once in thirty days. */
import { dayMs } from '../../core/durations.ts';
import { listState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { Mirror } from '../mirror.ts';

const periodMs = 30 * dayMs;

/**
 * Queues the projects that were not synced for the longest time: a share of all that corresponds to the time since the
 * last sweep, and all that were not synced for thirty days, but no more than the setting allows.
 */
export function sweep({ state, clock, settings }: Pick<Mirror, 'state' | 'clock' | 'settings'>): void {
  const now = clock.now();
  const { projects } = state.totals();
  const { sweptAt } = state.get(listState);
  // A time in the future was written while the clock was wrong.
  const since = Math.min(sweptAt ?? now, now);
  const share = Math.min(projects, Math.floor((projects * (now - since)) / periodMs));
  const overdue = state.queue.enqueueUnseen(now - periodMs, settings.sweep);
  if (share > overdue) state.queue.enqueueUnseen(now, Math.min(share, settings.sweep) - overdue);
  // The rest of the time, which was too short for a further project, counts for the next sweep.
  const upTo = share >= projects ? now : since + (share * periodMs) / projects;
  if (upTo !== sweptAt) state.set(change(listState, { sweptAt: upTo }));
}

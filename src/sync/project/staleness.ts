/**
 * Decides which pages are believed. A page older than what is known of the project is not, however long it is served.
 */
import { dayMs } from '../../core/durations.ts';
import { NonsenseError } from '../../core/errors.ts';
import { staleDelayMs } from '../../core/retry.ts';
import type { HeldProject } from '../../state/held-projects.ts';
import { serialState } from '../../state/mirror-state.ts';
import type { QueuedProject } from '../../state/queue.ts';
import type { Mirror } from '../mirror.ts';
import { refuseJump } from '../serials.ts';
import type { Deferral } from './sync-outcome.ts';

/**
 * Milliseconds after which a page is taken although its serial is too low. Rarely, PyPI's serial of a project stays
 * behind its changelog for ever.
 */
export const maxStaleMs = dayMs;

const follows = 'if upstream was restored from a backup, or tells no serials any more, --reconcile follows it';

/**
 * Returns the reason why a page with `serial` must not be published yet, or undefined if it may be. Throws
 * NonsenseError if waiting does not help.
 */
export function deferStalePage(
  { clock, report }: Pick<Mirror, 'clock' | 'report'>,
  due: QueuedProject,
  held: HeldProject,
  serial: number | undefined,
): Deferral | undefined {
  const staleMs = due.obstacle === 'stale' ? clock.now() - due.since : 0;
  const back = wentBack(held.serial, serial);
  if (back !== undefined) {
    if (staleMs < maxStaleMs && due.obstacle !== 'failed') return staleDeferral(due, back);
    throw new NonsenseError(`${back}, and ours stays (${follows})`);
  }
  if (serial === undefined || serial >= due.serial) return undefined;
  if (staleMs < maxStaleMs) return staleDeferral(due, `upstream's page has serial ${serial}, expected ${due.serial}`);
  report({
    type: 'warning',
    message: `${due.name}: serial ${due.serial} never arrived; took the page at ${serial}`,
  });
  return undefined;
}

/**
 * Returns how the serial went back, or undefined if it did not. A page without a serial may be of any time, so a
 * project that had a serial must keep one.
 */
function wentBack(before: number | undefined, serial: number | undefined): string | undefined {
  if (before === undefined || (serial !== undefined && serial >= before)) return undefined;
  if (serial === undefined) return `upstream's page tells no serial, where the one before had ${before}`;
  return `upstream's page went back from serial ${before} to ${serial}`;
}

/** Returns the deferral that waits for a newer page. */
export function staleDeferral(due: QueuedProject, wait: string): Deferral {
  return { reason: wait, obstacle: 'stale', delayMs: staleDelayMs(due.attempts + 1) };
}

/** Throws NonsenseError if the page has a serial far in the future. Such a page would keep out all real ones. */
export function refuseForgedSerial(
  mirror: Mirror,
  due: QueuedProject,
  held: HeldProject,
  serial: number | undefined,
  url: URL,
): void {
  const known = Math.max(due.serial, held.serial ?? 0);
  if (serial === undefined || serial <= known) return;
  const { serial: newest } = mirror.state.get(serialState);
  if (newest !== undefined) refuseJump(mirror, Math.max(known, newest), serial, url.href);
}

/** Retries: the number of attempts, and the delays between them. */
import type { Clock } from './clock.ts';
import { dayMs, hourMs, minuteMs } from './durations.ts';
import { NotAskedError, TooBusyError, UnreachableError } from './errors.ts';

const attempts = 5;
const firstDelayMs = 250;
const maxDelayMs = 30_000;

/**
 * The longest time that a run waits for one answer, in milliseconds. If upstream asks for a longer pause, the next run
 * tries again.
 */
export const maxWaitMs = 2 * minuteMs;
/** The longest total time that a run waits for one project, in milliseconds, whatever each of its files asks for. */
export const maxWaitPerProjectMs = minuteMs;

/**
 * Calls `ask` until it succeeds, at most five times. The delays between are exponential with full jitter, and are added
 * to the time that upstream asked for, if it did. Only an {@link UnreachableError} is retried; the last error is
 * thrown.
 */
export async function withRetries<T>(clock: Clock, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  let waitedMs = 0;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof UnreachableError) || attempt === attempts) throw error;
      if (error instanceof NotAskedError || error instanceof TooBusyError) throw error;
      waitedMs += error.retryAfterMs ?? 0;
      if (waitedMs > maxWaitMs) throw error;
      const ceiling = Math.min(maxDelayMs, firstDelayMs * 2 ** attempt);
      await clock.sleep((error.retryAfterMs ?? 0) + clock.random() * ceiling, signal);
    }
  }
}

/**
 * Delays in milliseconds after pages that are older than the changelog says. The CDN's purge usually arrives within
 * seconds, rarely never.
 */
const staleDelaysMs = [2_000, 5_000, 15_000, minuteMs, 5 * minuteMs, 15 * minuteMs, hourMs];

/** Returns the milliseconds until a stale page is requested again, after `attempts` stale answers. */
export function staleDelayMs(attempts: number): number {
  return staleDelaysMs[Math.min(attempts, staleDelaysMs.length) - 1] ?? hourMs;
}

/**
 * Returns the milliseconds until a failed project is tried again: 5 minutes, doubling up to a day, beyond which
 * {@link isWaiting} believes no wait.
 */
export function parkDelayMs(attempts: number): number {
  return Math.min(dayMs, 5 * minuteMs * 2 ** (attempts - 1));
}

/**
 * Returns true if the next try lies ahead. Nothing waits for longer than a day: a later time comes from a wrong clock.
 */
export function isWaiting(nextTry: number | undefined, now: number): boolean {
  return nextTry !== undefined && nextTry > now && nextTry <= now + dayMs;
}

/** Implements the Clock port with the real time and real randomness. */
import { setImmediate as giveWay, setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import { PausedError } from '../../core/errors.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  async sleep(ms, signal) {
    try {
      // A timer would take a millisecond.
      if (ms === 0) await giveWay(undefined, { signal });
      else await wait(ms, undefined, { signal });
    } catch (cause) {
      throw new PausedError('paused', { cause });
    }
  },
};

/** Resolves after `ms` milliseconds, or as soon as `signal` aborts. */
export async function restFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await systemClock.sleep(ms, signal);
  } catch (error) {
    if (!(error instanceof PausedError)) throw error;
  }
}

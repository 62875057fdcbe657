/**
 * Combines the lock and the request flag, so that no request gets lost. A process that requests a run sets the flag,
 * then starts a process that tries the lock. If the lock is held, the new process ends and leaves the flag to the
 * holder. The holder checks the flag at the end of its run, but nobody would see a flag that is set after this check
 * and before the lock is released. So the holder checks once more after it has released the lock: every process that
 * found the lock held had set the flag by then.
 */
import { minuteMs } from '../../core/durations.ts';
import { exitCodes } from '../program/exit-codes.ts';

/**
 * The number of runs after which there is a rest before each further one. Without it, whoever may leave requests could
 * make this machine ask upstream so often that upstream blocks it.
 */
const runsAtOnce = 30;
const restMs = minuteMs;

/** The parameters of {@link runWhileRequested}. */
export interface LockedRun {
  /** Returns a function that releases the lock, or undefined while another process holds it. */
  readonly takeLock: () => (() => void) | undefined;
  /** Runs once; resolves with the exit code. It takes the request before it does anything else. */
  readonly run: () => Promise<number>;
  /** Returns true if a run is requested. */
  readonly isRequested: () => boolean;
  /** Returns true if the process was asked to stop. */
  readonly isPaused: () => boolean;
  /** Resolves after `ms` milliseconds, or when the process is asked to stop. */
  readonly rest?: (ms: number) => Promise<void>;
}

/**
 * Runs, and runs again while a run is requested. Resolves with the exit code, or with undefined if another process
 * holds the lock.
 */
export async function runWhileRequested(locked: LockedRun): Promise<number | undefined> {
  let code: number | undefined;
  for (let runs = 1; ; runs += 1) {
    const release = locked.takeLock();
    if (release === undefined) return code;
    try {
      const latest = await locked.run();
      // What failed in an earlier of these runs stays queued, although the latest run did not try it.
      if (latest !== exitCodes.ok || code !== exitCodes.incomplete) code = latest;
    } finally {
      release();
    }
    if (!mayRecover(code) || locked.isPaused() || !locked.isRequested()) return code;
    if (runs >= runsAtOnce) await locked.rest?.(restMs);
    if (locked.isPaused()) return code;
  }
}

/** Returns true if another run may do better. It would not with a full disk or a wrong setting. */
function mayRecover(code: number): boolean {
  const { ok, incomplete, upstream, heldBack } = exitCodes;
  return code === ok || code === incomplete || code === upstream || code === heldBack;
}

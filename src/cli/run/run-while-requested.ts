/**
 * The lock and the request flag together. Who asks for a run sets the flag, then starts a process that tries the lock;
 * when that is held, the process ends and leaves the flag to the holder. The holder looks for it at the end of its run,
 * but a flag that comes after this look and before the lock is free would be seen by nobody. So the holder looks once
 * more when it has let the lock go: whoever found it held had set the flag by then.
 */
import { minuteMs } from '../../core/durations.ts';
import { exitCodes } from '../program/exit-codes.ts';

/** Whoever may leave requests could else have upstream asked so often that it asks this machine to stay away. */
const runsAtOnce = 30;
const restMs = minuteMs;

/** What {@link runWhileRequested} needs. */
export interface LockedRun {
  /** Returns how to release the lock, or undefined while another process holds it. */
  readonly takeLock: () => (() => void) | undefined;
  /** One run; resolves with its exit code. It takes the request before it does anything else. */
  readonly run: () => Promise<number>;
  /** Whether somebody asks for a run. */
  readonly isRequested: () => boolean;
  /** Whether the process was asked to stop. */
  readonly isPaused: () => boolean;
  /** Resolves after so many milliseconds, or when the process is asked to stop. */
  readonly rest?: (ms: number) => Promise<void>;
}

/** Runs, and again while somebody asks for it. Resolves with the exit code; undefined when another process runs. */
export async function runWhileRequested(locked: LockedRun): Promise<number | undefined> {
  let code: number | undefined;
  for (let runs = 1; ; runs += 1) {
    const release = locked.takeLock();
    if (release === undefined) return code;
    try {
      const latest = await locked.run();
      // What failed on the way stays queued, although the latest run did not try it.
      if (latest !== exitCodes.ok || code !== exitCodes.incomplete) code = latest;
    } finally {
      release();
    }
    if (!mayRecover(code) || locked.isPaused() || !locked.isRequested()) return code;
    if (runs >= runsAtOnce) await locked.rest?.(restMs);
    if (locked.isPaused()) return code;
  }
}

/** A full disk or a wrong setting stay what they are. */
function mayRecover(code: number): boolean {
  return code === exitCodes.ok || code === exitCodes.incomplete || code === exitCodes.upstream;
}

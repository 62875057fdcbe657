/**
 * What the state says of a run that is at work, so that others can tell when it died or hangs: `running`, since when it
 * works, and `progressAt`, when it last did something. A run that ends in whatever way it can tell takes the mark away.
 */
import { minuteMs } from '../../core/durations.ts';
import { adoptionState, runState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { Mirror } from '../../sync/mirror.ts';
import { isoTime } from '../output/units.ts';
import { exitCodes } from '../program/exit-codes.ts';
import { publishStatus } from './publish-status.ts';

const everyMs = minuteMs;

/** Tells, in the status too, when the last run died; then marks that this one is at work since `startedMs`. */
export async function beginRun(mirror: Mirror, startedMs: number): Promise<void> {
  const { state, report } = mirror;
  const { running, progressAt = running } = state.get(runState);
  const { adopting } = state.get(adoptionState);
  // Remembered first: where the disk is full there is no status.
  state.set(change(runState, { running: startedMs, progressAt: startedMs, pausedAt: undefined }));
  if (running === undefined || progressAt === undefined) return;
  const summary = 'Died before its end: it was killed or crashed, or the machine stopped.';
  const died = { startedMs: running, finishedMs: progressAt, exitCode: exitCodes.bug, summary };
  state.history.record(died);
  if (adopting === undefined) await publishStatus(mirror, died);
  const message = `the last run, which began at ${isoTime(running)}, died before its end; this one goes on from there`;
  report({ type: 'warning', message });
}

/** Keeps the mark up to date from now on. */
export class RunMarker {
  readonly #timer: NodeJS.Timeout;
  #hasMoved = false;

  constructor({ state, clock }: Pick<Mirror, 'state' | 'clock'>) {
    this.#timer = setInterval(() => {
      if (this.#hasMoved) state.set(change(runState, { progressAt: clock.now() }));
      this.#hasMoved = false;
    }, everyMs).unref();
  }

  /** Something happened. */
  touch(): void {
    this.#hasMoved = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

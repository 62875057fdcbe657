/**
 * Marks in the state that a run is at work, so that others can tell when it crashed or hangs: `running` is the time at
 * which it began, `progressAt` the time at which it last did something. A run removes the mark when it ends, unless it
 * crashes.
 */
import { minuteMs } from '../../core/durations.ts';
import { StorageError } from '../../core/errors.ts';
import { adoptionState, runState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import { lastRunIn } from '../../sync/discover/outdated-state.ts';
import type { Mirror } from '../../sync/mirror.ts';
import { publishStatus } from '../inspect/publish-status.ts';
import { isoTime } from '../output/units.ts';
import { exitCodes } from '../program/exit-codes.ts';

const everyMs = minuteMs;

/**
 * Marks that a run is at work since `startedMs`. If the last run crashed, records that in the history and in the
 * status, reports a warning, and resolves with its text: a quiet run prints it as well.
 */
export async function beginRun(mirror: Mirror, startedMs: number): Promise<string | undefined> {
  const { state, report } = mirror;
  // The mark comes first: if the disk is full, the status cannot be written.
  const { running, progressAt = running } = state.get(runState);
  const { adopting } = state.get(adoptionState);
  state.set(change(runState, { running: startedMs, progressAt: startedMs, pausedAt: undefined }));
  if (running === undefined || progressAt === undefined) return undefined;
  const summary = 'Died before its end: it was killed or crashed, or the machine stopped.';
  const died = { startedMs: running, finishedMs: progressAt, exitCode: exitCodes.bug, summary };
  state.history.record(died);
  // A state that was copied during a run, and restored after later ones, is known by what the tree says of them.
  const isLatest = ((await lastRunIn(mirror.files)) ?? running) <= running;
  if (adopting === undefined && isLatest) await publishStatus({ ...mirror, policy: mirror.selection.policy }, died);
  const message = `the last run, which began at ${isoTime(running)}, died before its end; this one goes on from there`;
  report({ type: 'warning', message });
  return message;
}

/** Updates `progressAt` from now on, once a minute at most. */
export class RunMarker {
  readonly #timer: NodeJS.Timeout;
  #hasMoved = false;

  constructor({ state, clock }: Pick<Mirror, 'state' | 'clock'>) {
    this.#timer = setInterval(() => {
      if (this.#hasMoved) this.#mark(state, clock);
      this.#hasMoved = false;
    }, everyMs).unref();
  }

  #mark(state: Mirror['state'], clock: Mirror['clock']): void {
    try {
      state.set(change(runState, { progressAt: clock.now() }));
    } catch (error) {
      // Nobody catches what a timer throws. The run's own next write to the state fails as well, and ends it properly.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  /** Notes that something happened. */
  touch(): void {
    this.#hasMoved = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

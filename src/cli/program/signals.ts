/** Handles Ctrl-C and similar signals: the first asks the run to pause, the second ends the process. */
import { setMaxListeners } from 'node:events';

/** The signals that pause a run, and their exit codes. 1.5 answered Ctrl-C with 0. */
const pauses = { SIGINT: 0, SIGTERM: 143, SIGHUP: 129 } as const;

export interface PauseRequest {
  readonly signal: AbortSignal;
  /** Returns the exit code of a run that was paused. */
  exitCode(): number;
  /** Pauses the run as Ctrl-C does, and remembers the reason, which is printed in place of advice. */
  pause(why: string): void;
  /** Returns the reason if {@link pause} paused the run. */
  why(): string | undefined;
}

/** Listens for the signals from now on. */
export function listenForPause(): PauseRequest {
  const controller = new AbortController();
  // Every request in progress listens. Node would report more than ten listeners as a leak on stderr.
  setMaxListeners(0, controller.signal);
  let exitCode = 0;
  let reason: string | undefined;
  for (const [name, code] of Object.entries(pauses)) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(code === 0 ? 130 : code);
      exitCode = code;
      controller.abort();
    });
  }
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    pause: (why) => {
      if (controller.signal.aborted) return;
      reason = why;
      controller.abort();
    },
    why: () => reason,
  };
}

/** Ctrl-C and its relatives: the first asks the run to stop, the second stops the process. */
import { setMaxListeners } from 'node:events';

/** The signals that pause a run, and the exit code that says so. 1.5 answered Ctrl-C with 0. */
const pauses = { SIGINT: 0, SIGTERM: 143, SIGHUP: 129 } as const;

export interface PauseRequest {
  readonly signal: AbortSignal;
  /** What to exit with when the run was paused. */
  exitCode(): number;
}

/** Listens for signals from now on. */
export function listenForPause(): PauseRequest {
  const controller = new AbortController();
  // Every request under way listens; Node would take more than ten for a leak and say so on stderr.
  setMaxListeners(0, controller.signal);
  let exitCode = 0;
  for (const [name, code] of Object.entries(pauses)) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(code === 0 ? 130 : code);
      exitCode = code;
      controller.abort();
    });
  }
  return { signal: controller.signal, exitCode: () => exitCode };
}

/** What is thrown where nobody can catch it must not end the process before the run's end is told. */

export interface Uncaught {
  /** Rejects with what was thrown: in a callback of Node, or in a promise that nobody waits for. */
  readonly thrown: Promise<never>;
  /** Leaves it to Node again. */
  end(): void;
}

/** Watches from now on. */
export function watchUncaught(): Uncaught {
  let listener = (_error: unknown): void => {};
  const thrown = new Promise<never>((_, reject) => {
    listener = reject;
  });
  // Who waits for it is told by the promise that they make of it.
  thrown.catch(() => {});
  process.on('uncaughtException', listener);
  return { thrown, end: () => process.removeListener('uncaughtException', listener) };
}

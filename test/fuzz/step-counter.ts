/** Counts how often the blocks of our own code run, as V8 counts them for coverage: a time that no other load changes. */
import { type Profiler, Session } from 'node:inspector';

/** Counts while it is open, in functions that run for the first time after it was made: create it before they are loaded. */
export class StepCounter {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Which characters of the files below `src/` `run` runs through: 1 for each that it does, by URL. */
  reached(run: () => void): ReadonlyMap<string, Uint8Array> {
    this.#take();
    run();
    return new Map(this.#take().map(({ url, functions }) => [url, reachedOf(functions)]));
  }

  /**
   * How many blocks were run through since it was asked last, which takes as long as the steps themselves. What V8 itself
   * does, such as a search for a text or with a regex, is one step.
   */
  steps(): number {
    const functions = this.#take().flatMap((script) => script.functions);
    return functions.flatMap(({ ranges }) => ranges).reduce((sum, { count }) => sum + count, 0);
  }

  close(): void {
    this.#session.disconnect();
  }

  /** What ran of our code since the last call. */
  #take(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    // In the same thread the answer is there before the call returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error;
      taken = result;
    });
    return taken.filter(({ url }) => url.includes('/src/') && !url.includes('/node_modules/'));
  }
}

/** What lies within a function or a block comes after it, and tells more exactly. */
function reachedOf(functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const ranges = functions.flatMap((one) => one.ranges);
  const reached = new Uint8Array(ranges.reduce((most, { endOffset }) => Math.max(most, endOffset), 0));
  for (const { startOffset, endOffset, count } of ranges) reached.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return reached;
}

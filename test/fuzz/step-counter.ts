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

  /** The blocks below `src/` that `run` runs through, by where they are, and how often. */
  blocks(run: () => void): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { url, functions } of this.#count(run)) {
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) counts.set(`${url}:${startOffset}-${endOffset}`, count);
        }
      }
    }
    return counts;
  }

  /** How many of them there were. What V8 itself does, such as a search for a text or with a regex, is one step. */
  steps(run: () => void): number {
    const functions = this.#count(run).flatMap((script) => script.functions);
    return functions.flatMap(({ ranges }) => ranges).reduce((sum, { count }) => sum + count, 0);
  }

  close(): void {
    this.#session.disconnect();
  }

  #count(run: () => void): readonly Profiler.ScriptCoverage[] {
    this.#take();
    run();
    return this.#take().filter(({ url }) => url.includes('/src/') && !url.includes('/node_modules/'));
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    // In the same thread the answer is there before the call returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error;
      taken = result;
    });
    return taken;
  }
}

import fc from 'fast-check';
import { readCorpus, saveInput } from './corpus.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { minimise } from './minimise.ts';
import { asRead, fuzzInputs } from './mutations.ts';
import type { StepCounter } from './step-counter.ts';

/** So many inputs are made at a time; the next ones are made of what these added, too. */
const round = 500;

/** Characters of our own code. */
type Reached = ReadonlyMap<string, Uint8Array>;

/**
 * Tries `cases` inputs, and adds to the corpus of `target` those that reach code which nothing of it reached, as short as
 * they can be. Returns the paths of the files.
 */
export function growCorpus(target: FuzzTarget, counter: StepCounter, cases: number, seed: number): string[] {
  const reachedBy = (input: string): Reached => counter.reached(() => target.read(input));
  const corpus = [...readCorpus(target).values()];
  const known = new Set<string>();
  for (const input of corpus) for (const place of newPlaces(reachedBy(input), known)) known.add(place);
  const saved: string[] = [];
  for (let done = 0; done < cases; done += round) {
    for (const input of fc.sample(fuzzInputs(target, corpus), { numRuns: round, seed: seed + done })) {
      const added = newPlaces(reachedBy(input), known);
      if (added.length === 0) continue;
      const shortest = minimise(input, (shorter) => {
        return asRead(shorter, target.encoding) === shorter && reachesAll(reachedBy(shorter), added);
      });
      for (const place of added) known.add(place);
      corpus.push(shortest);
      saved.push(saveInput(target, 'reached', shortest));
    }
  }
  return saved;
}

/** What is `reached` and not yet `known`. */
function newPlaces(reached: Reached, known: ReadonlySet<string>): string[] {
  const places: string[] = [];
  for (const [url, flags] of reached) {
    for (const [at, flag] of flags.entries()) if (flag === 1 && !known.has(`${url} ${at}`)) places.push(`${url} ${at}`);
  }
  return places;
}

function reachesAll(reached: Reached, places: readonly string[]): boolean {
  return places.every((place) => {
    const end = place.lastIndexOf(' ');
    return reached.get(place.slice(0, end))?.[Number(place.slice(end + 1))] === 1;
  });
}

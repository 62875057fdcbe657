import fc from 'fast-check';
import { readCorpus, saveInput } from './corpus.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { minimise } from './minimise.ts';
import { asRead, fuzzInputs } from './mutations.ts';
import type { StepCounter } from './step-counter.ts';

/** So many inputs are made at a time; the next ones are made of what these added, too. */
const round = 500;

/**
 * Tries `cases` inputs, and adds to the corpus of `target` those that reach blocks of code which nothing of it reached,
 * as short as they can be. Returns the paths of the files.
 */
export function growCorpus(target: FuzzTarget, counter: StepCounter, cases: number, seed: number): string[] {
  const blocksOf = (input: string): string[] => [...counter.blocks(() => target.read(input)).keys()];
  const corpus = [...readCorpus(target).values()];
  const reached = new Set(corpus.flatMap(blocksOf));
  const saved: string[] = [];
  for (let done = 0; done < cases; done += round) {
    for (const input of fc.sample(fuzzInputs(target, corpus), { numRuns: round, seed: seed + done })) {
      const added = blocksOf(input).filter((block) => !reached.has(block));
      if (added.length === 0) continue;
      const shortest = minimise(input, (shorter) => {
        if (asRead(shorter, target.encoding) !== shorter) return false;
        const blocks = new Set(blocksOf(shorter));
        return added.every((block) => blocks.has(block));
      });
      for (const block of added) reached.add(block);
      corpus.push(shortest);
      saved.push(saveInput(target, 'reached', shortest));
    }
  }
  return saved;
}

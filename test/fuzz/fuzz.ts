import fc from 'fast-check';
import { readCorpus } from './corpus.ts';
import { demand, type FuzzTarget } from './fuzz-target.ts';
import { minimise } from './minimise.ts';
import { asRead, fuzzInputs } from './mutations.ts';

/** An input for which a promise is not kept. */
export interface Failure {
  /** As short as it could be made. */
  readonly input: string;
  readonly error: unknown;
  /** The file of the corpus that it is; undefined for one that was made. */
  readonly file?: string;
}

/** Checks `target` with its corpus, then with `cases` inputs that follow from `seed`. The first failure, if there is one. */
export function fuzz(target: FuzzTarget, cases: number, seed: number): Failure | undefined {
  const corpus = readCorpus(target);
  for (const [file, input] of corpus) {
    const error = errorOf(target, input);
    if (error !== undefined) return { input, error, file };
  }
  const property = fc.property(fuzzInputs(target, [...corpus.values()]), target.check);
  const { counterexample, numRuns } = fc.check(property, { numRuns: cases, seed, endOnFailure: true });
  if (counterexample !== null) return shortestFailure(target, counterexample[0]);
  demand(numRuns === cases, `${cases} cases were checked: ${numRuns}`);
  return undefined;
}

/** The same failure with less: an input that fails in another way is another matter. */
function shortestFailure(target: FuzzTarget, input: string): Failure {
  const kind = kindOf(errorOf(target, input));
  const shortest = minimise(input, (shorter) => {
    return asRead(shorter, target.encoding) === shorter && kindOf(errorOf(target, shorter)) === kind;
  });
  return { input: shortest, error: errorOf(target, shortest) };
}

function errorOf({ check }: FuzzTarget, input: string): unknown {
  try {
    check(input);
    return undefined;
  } catch (error) {
    return error ?? new Error('nothing was thrown');
  }
}

/** The beginning of the message tells failures apart; what follows quotes the input. */
function kindOf(error: unknown): string | undefined {
  return error instanceof Error ? `${error.name} ${error.message.slice(0, 30)}` : undefined;
}

/** The failure for a person. */
export function tell({ name }: FuzzTarget, { input, error, file }: Failure): string {
  const reason = error instanceof Error ? error.stack : String(error);
  const from = file === undefined ? '' : ` (corpus/${name}/${file})`;
  return `${name}: ${input.length} characters${from}: ${JSON.stringify(input)}\n${reason}`;
}

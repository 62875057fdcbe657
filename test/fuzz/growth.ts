/** Finds repeats for which a parser takes more than time in proportion to their number. */
import fc from 'fast-check';
import { readCorpus } from './corpus.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { fuzzInputs } from './mutations.ts';
import type { StepCounter } from './step-counter.ts';

/** A text that is repeated behind another one. */
export interface Repeat {
  readonly start: string;
  readonly piece: string;
}

/** A repeat, and by how much more four times the input takes. */
export interface Growth extends Repeat {
  readonly ratio: number;
}

/** In proportion it is 4, with the square 16. */
const mostGrowth = 8;
/** For a sum in which one may hide. */
const mostSumGrowth = 4.5;

/** The repeats of the tokens of `target`, each by itself. */
export function tokenRepeats({ starts, tokens }: FuzzTarget): Repeat[] {
  return starts.flatMap((start) => tokens.map((piece) => ({ start, piece })));
}

/** `repeat` as an input of about `length` characters. */
function repeated({ start, piece }: Repeat, length: number): string {
  return start + piece.repeat(Math.ceil(length / piece.length));
}

/**
 * The repeats for which the steps of our own code grow too much: the same ones whenever it is asked. All repeats behind a
 * start are counted at once, and one by one only where their sum grows too much.
 */
export function tooManySteps({ read }: FuzzTarget, repeats: readonly Repeat[], counter: StepCounter): Growth[] {
  counter.steps();
  const stepsOf = (some: readonly Repeat[], length: number): number => {
    for (const repeat of some) read(repeated(repeat, length));
    const steps = counter.steps();
    if (steps === 0) throw new Error('nothing is counted: our code was loaded before the counter was made');
    return steps;
  };
  const ratioOf = (some: readonly Repeat[]): number => stepsOf(some, 2000) / stepsOf(some, 500);
  const starts = [...new Set(repeats.map(({ start }) => start))];
  const groups = starts.map((start) => repeats.filter((repeat) => repeat.start === start));
  const suspects = groups.filter((group) => ratioOf(group) > mostSumGrowth).flat();
  const growths = suspects.map((repeat) => ({ ...repeat, ratio: ratioOf([repeat]) }));
  return growths.filter(({ ratio }) => ratio > mostGrowth);
}

/** What is over sooner is not measured: the clock and the machine would decide. */
const leastMs = 4;

/**
 * The repeats for which the time grows too much, with what V8 itself does for us. Other work, such as collecting garbage,
 * makes any one measurement too large, never too small: each is the least of several, and a growth counts when inputs of
 * four times the length confirm it.
 */
export function tooMuchTime({ read }: FuzzTarget, repeats: readonly Repeat[], length: number): Growth[] {
  const growthFrom = (shorter: number, repeat: Repeat): number => {
    const large = leastTime(() => read(repeated(repeat, shorter * 4)), 3);
    return large < leastMs ? 0 : large / leastTime(() => read(repeated(repeat, shorter)), 9);
  };
  const suspects = repeats.filter((repeat) => growthFrom(length, repeat) > mostGrowth);
  const growths = suspects.map((repeat) => ({ ...repeat, ratio: growthFrom(length * 4, repeat) }));
  return growths.filter(({ ratio }) => ratio > mostGrowth);
}

/** In milliseconds that the processor worked for us, so that others who keep it busy do not count. */
function leastTime(run: () => void, times: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let count = 0; count < times; count += 1) {
    const started = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(started);
    least = Math.min(least, (user + system) / 1000);
  }
  return Math.max(least, 0.001);
}

/** `count` pieces of inputs, repeated behind one of the starts. */
export function randomRepeats(target: FuzzTarget, count: number, seed: number): Repeat[] {
  const input = fuzzInputs(target, [...readCorpus(target).values()]).filter((text) => text !== '');
  const piece = fc.tuple(input, fc.nat(), fc.integer({ min: 1, max: 24 })).map(([text, at, length]) => {
    const from = at % text.length;
    return text.slice(from, from + length);
  });
  const repeat = fc.record({ start: fc.constantFrom(...target.starts), piece });
  return fc.sample(repeat, { numRuns: Math.ceil(count), seed });
}

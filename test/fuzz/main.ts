/**
 * npm run test:fuzz -- [--parser NAME]… [--cases N] [--seed N] [--grow]
 *
 * Checks parsers with many inputs, then measures whether their time grows in proportion to what they read. What fails is
 * made short, told, and added to the corpus. With --grow the corpus also gets inputs that reach code which none of it
 * reached before.
 */
import minimist from 'minimist';
import { saveInput } from './corpus.ts';
import { fuzz, tell } from './fuzz.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { growCorpus } from './grow-corpus.ts';
import { randomRepeats, tokenRepeats, tooMuchTime } from './growth.ts';
import { StepCounter } from './step-counter.ts';

const options = minimist(process.argv.slice(2), { string: ['parser', 'cases', 'seed'], boolean: ['grow'] });
// It must be there before the code is that it counts in.
const counter = options.grow ? new StepCounter() : undefined;
const { fuzzTargets } = await import('./targets.ts');
const names: readonly string[] = [options.parser ?? fuzzTargets.map(({ name }) => name)].flat();
const cases = Number(options.cases ?? 100_000);
const seed = Number(options.seed ?? Date.now() % 0x7fffffff);

/** Characters of the shorter one of two inputs whose times are compared. */
const comparedLength = 16_000;

console.log(`seed ${seed}`);
for (const name of names) {
  const target = fuzzTargets.find((one) => one.name === name);
  if (target === undefined)
    throw new Error(`unknown parser ${name}; known are ${fuzzTargets.map((one) => one.name).join(', ')}`);
  if (counter !== undefined) tellGrowth(target, growCorpus(target, counter, cases, seed));
  else fuzzLong(target);
}

function fuzzLong(target: FuzzTarget): void {
  const started = performance.now();
  const failure = fuzz(target, cases, seed);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${target.name}: ${cases} cases in ${seconds} s, ${failure === undefined ? 'no' : 'a'} failure`);
  if (failure !== undefined) {
    process.exitCode = 1;
    console.log(tell(target, failure));
    if (failure.file === undefined) console.log(`saved as ${saveInput(target, 'failed', failure.input)}`);
  }
  const repeats = [...tokenRepeats(target), ...randomRepeats(target, Math.min(cases / 100, 2000), seed)];
  for (const { start, piece, ratio } of tooMuchTime(target, repeats, comparedLength)) {
    process.exitCode = 1;
    const what = `${JSON.stringify(piece)} behind ${JSON.stringify(start)}`;
    console.log(`${target.name}: four times as much of ${what} takes ${ratio.toFixed(1)} times as long`);
  }
}

function tellGrowth({ name }: FuzzTarget, saved: readonly string[]): void {
  console.log(`${name}: ${saved.length} inputs were added to the corpus`);
}

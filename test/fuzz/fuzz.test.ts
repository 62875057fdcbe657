/**
 * Every parser against its corpus and some inputs that are the same each time, so that what fails here fails again.
 * `npm run test:fuzz` goes on with others.
 */
import t from 'tap';
import { fuzz, tell } from './fuzz.ts';
import { fuzzTargets } from './targets.ts';

const cases = Number(process.env.FUZZ_CASES ?? 300);
const seed = 381;

for (const target of fuzzTargets) {
  t.test(`${target.name}: whatever is read, the parser keeps its promises`, async (t) => {
    const failure = fuzz(target, cases, seed);
    t.equal(failure && tell(target, failure), undefined);
  });
}

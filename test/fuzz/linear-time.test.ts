import t from 'tap';
import { tokenRepeats, tooManySteps } from './growth.ts';
import { StepCounter } from './step-counter.ts';

const counter = new StepCounter();
t.teardown(() => counter.close());
const { fuzzTargets } = await import('./targets.ts');

for (const target of fuzzTargets) {
  t.test(`${target.name}: whatever is repeated, the steps grow in proportion to it`, async (t) => {
    t.same(tooManySteps(target, tokenRepeats(target), counter), []);
  });
}

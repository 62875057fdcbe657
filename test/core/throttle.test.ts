import fc from 'fast-check';
import t from 'tap';
import { Throttle } from '../../src/core/throttle.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

t.test('bytes pass at the rate, however they arrive', async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 65_536 }), { minLength: 50, maxLength: 300 }), (chunks) => {
      const clock = new FakeClock();
      const throttle = new Throttle(1_000_000, clock);
      const began = clock.now();
      for (const bytes of chunks) clock.advance(throttle.take(bytes));
      const bytes = chunks.reduce((sum, chunk) => sum + chunk, 0);
      const ms = clock.now() - began;
      return ms >= bytes / 1000 - 201 && ms <= bytes / 1000 + chunks.length;
    }),
  );
});

t.test('what comes now and then does not wait', async (t) => {
  const clock = new FakeClock();
  const throttle = new Throttle(1_000_000, clock);
  for (let at = 0; at < 100; at += 1) {
    t.equal(throttle.take(50_000), 0);
    clock.advance(100);
  }
});

t.test('a clock that is set back does not make a rest longer', async (t) => {
  const clock = new FakeClock();
  const throttle = new Throttle(1_000_000, clock);
  throttle.take(1_000_000);
  clock.advance(-3_600_000);
  t.ok(throttle.take(1) <= 1_001);
});

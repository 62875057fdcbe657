import fc from 'fast-check';
import t from 'tap';
import { PairCounts } from '../../src/core/pair-counts.ts';

t.test('pairs are counted as a map would', async () => {
  const pair = fc.tuple(fc.nat(300), fc.nat(20));
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 5000 }), (pairs) => {
      const counts = new PairCounts();
      const expected = new Map<string, number>();
      for (const [first, second] of pairs) {
        counts.add(first, second);
        expected.set(`${first} ${second}`, (expected.get(`${first} ${second}`) ?? 0) + 1);
      }
      const triples = counts.triples();
      const found = Array.from({ length: triples.length / 3 }, (_, index) => {
        const [first, second, count] = triples.subarray(index * 3);
        return [`${first} ${second}`, count] as const;
      });
      return (
        counts.size === expected.size &&
        found.length === expected.size &&
        found.every(([key, count]) => expected.get(key) === count)
      );
    }),
    { numRuns: 50 },
  );
});

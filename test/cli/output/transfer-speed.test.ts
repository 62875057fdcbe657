import t from 'tap';
import { Speed } from '../../../src/cli/output/transfer-speed.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

/** The speeds shown when so many bytes have come in all, one second after the other. */
function speeds(...totals: number[]): number[] {
  const clock = new FakeClock();
  const speed = new Speed(() => clock.now());
  return totals.map((bytes) => {
    clock.advance(1000);
    return speed.of(bytes);
  });
}

t.test('a steady stream has a steady speed', async (t) => {
  t.same(speeds(0, 100, 200, 300, 400), [0, 100, 100, 100, 100]);
});

t.test('bytes from more than a few seconds ago do not count', async (t) => {
  t.equal(speeds(0, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000).at(-1), 0);
});

t.test('a download that begins anew makes no negative speed', async (t) => {
  t.same(speeds(500, 100), [0, 0]);
});

t.test('two measurements at the same moment are no division by zero', async (t) => {
  const speed = new Speed(() => 5);
  t.same([speed.of(0), speed.of(100)], [0, 0]);
});

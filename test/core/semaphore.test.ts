import t from 'tap';
import { Places } from '../../src/core/semaphore.ts';

/** Resolves when everything that can go on without the outside has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('so many places are taken at once, the next when one is given back, in the order of asking', async (t) => {
  const places = new Places(2);
  const taken: number[] = [];
  const taking = [1, 2, 3, 4].map((number) => places.take().then(() => taken.push(number)));
  await settled();
  t.same(taken, [1, 2]);
  places.give();
  await settled();
  t.same(taken, [1, 2, 3]);
  places.give();
  await Promise.all(taking);
  t.same(taken, [1, 2, 3, 4]);
});

t.test('all are free at once where none was taken', async (t) => {
  await t.resolves(new Places(2).allFree());
});

t.test('all are free when the last is given back, not while somebody waits for one', async (t) => {
  const places = new Places(1);
  await places.take();
  let free = false;
  const waiting = places.allFree().then(() => {
    free = true;
  });
  const second = places.take();
  places.give();
  await second;
  await settled();
  t.equal(free, false);
  places.give();
  await waiting;
  await t.resolves(places.allFree(), 'and again');
});

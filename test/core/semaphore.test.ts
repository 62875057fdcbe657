import t from 'tap';
import { Semaphore } from '../../src/core/semaphore.ts';

/** Resolves when everything that can go on without the outside has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('so many places are taken at once, the next when one is given back, in the order of asking', async (t) => {
  const places = new Semaphore(2);
  const taken: number[] = [];
  const taking = [1, 2, 3, 4].map((number) => places.acquire().then(() => taken.push(number)));
  await settled();
  t.same(taken, [1, 2]);
  places.release();
  await settled();
  t.same(taken, [1, 2, 3]);
  places.release();
  await Promise.all(taking);
  t.same(taken, [1, 2, 3, 4]);
});

t.test('all are free at once where none was taken', async (t) => {
  await t.resolves(new Semaphore(2).idle());
});

t.test('all are free when the last is given back, not while somebody waits for one', async (t) => {
  const places = new Semaphore(1);
  await places.acquire();
  let free = false;
  const waiting = places.idle().then(() => {
    free = true;
  });
  const second = places.acquire();
  places.release();
  await second;
  await settled();
  t.equal(free, false);
  places.release();
  await waiting;
  await t.resolves(places.idle(), 'and again');
});

import t from 'tap';
import { Semaphore } from '../../src/core/semaphore.ts';

/** Resolves when everything that can go on without the outside has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('all free slots are acquired at once, and a released one goes to the first that waits', async (t) => {
  const semaphore = new Semaphore(2);
  const taken: number[] = [];
  const taking = [1, 2, 3, 4].map((number) => semaphore.acquire().then(() => taken.push(number)));
  await settled();
  t.same(taken, [1, 2]);
  semaphore.release();
  await settled();
  t.same(taken, [1, 2, 3]);
  semaphore.release();
  await Promise.all(taking);
  t.same(taken, [1, 2, 3, 4]);
});

t.test('all are free at once where none was taken', async (t) => {
  await t.resolves(new Semaphore(2).idle());
});

t.test('all are free when the last is given back, not while somebody waits for one', async (t) => {
  const semaphore = new Semaphore(1);
  await semaphore.acquire();
  let free = false;
  const waiting = semaphore.idle().then(() => {
    free = true;
  });
  const second = semaphore.acquire();
  semaphore.release();
  await second;
  await settled();
  t.equal(free, false);
  semaphore.release();
  await waiting;
  await t.resolves(semaphore.idle(), 'and again');
});

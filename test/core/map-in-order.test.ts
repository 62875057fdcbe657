import t from 'tap';
import { mapInOrder } from '../../src/core/map-in-order.ts';

/** Work that ends when it is told to. */
class Work {
  readonly #ends: ((error?: Error) => void)[] = [];
  inProgress = 0;
  most = 0;

  readonly run = async (item: number): Promise<number> => {
    this.inProgress += 1;
    this.most = Math.max(this.most, this.inProgress);
    await new Promise<void>((resolve, reject) => {
      this.#ends[item] = (error) => (error === undefined ? resolve() : reject(error));
    }).finally(() => {
      this.inProgress -= 1;
    });
    return item * 10;
  };

  end(item: number, error?: Error): void {
    this.#ends[item]?.(error);
  }
}

t.test('results come in the order of the items, whichever is ready first', async (t) => {
  const work = new Work();
  const found: number[] = [];
  const done = (async () => {
    for await (const result of mapInOrder([0, 1, 2, 3, 4], 3, work.run)) found.push(result);
  })();
  for (const item of [2, 1, 0, 4, 3]) {
    await new Promise(setImmediate);
    work.end(item);
  }
  await done;
  t.same(found, [0, 10, 20, 30, 40]);
  t.equal(work.most, 3);
});

t.test('a failure comes in its turn, begins no more, and waits for what is under way', async (t) => {
  const work = new Work();
  const found: number[] = [];
  const done = (async () => {
    for await (const result of mapInOrder([0, 1, 2, 3, 4], 3, work.run)) found.push(result);
  })();
  const failed = t.rejects(done, /broken/);
  await new Promise(setImmediate);
  work.end(1, new Error('broken'));
  await new Promise(setImmediate);
  work.end(0);
  await new Promise(setImmediate);
  t.same(found, [0]);
  const isDone = done.then(
    () => true,
    () => true,
  );
  t.equal(await Promise.race([isDone, new Promise((resolve) => setImmediate(resolve, false))]), false);
  work.end(2);
  await new Promise(setImmediate);
  work.end(3);
  await failed;
  t.equal(work.inProgress, 0);
});

t.test('whoever wants no more waits for what is under way', async (t) => {
  const work = new Work();
  const done = (async () => {
    for await (const result of mapInOrder([0, 1, 2], 2, work.run)) return result;
    return undefined;
  })();
  await new Promise(setImmediate);
  work.end(1);
  work.end(0);
  t.equal(await done, 0);
  t.equal(work.inProgress, 0);
});

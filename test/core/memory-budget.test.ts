import t from 'tap';
import { MemoryBudget } from '../../src/core/memory-budget.ts';

/** Of two hundred bytes large pages, to which all of these belong, have half. */
t.test('who has no room yet waits, first come, first served', async (t) => {
  const memory = new MemoryBudget(200);
  const order: string[] = [];
  const take = (owner: string, bytes: number): Promise<void> =>
    memory.acquire(owner, bytes).then(() => {
      order.push(owner);
    });
  await take('a', 60);
  const b = take('b', 50);
  const c = take('c', 10);
  await Promise.resolve();
  t.same(order, ['a']);
  memory.release('a');
  await Promise.all([b, c]);
  t.same(order, ['a', 'b', 'c']);
});

t.test('what is larger than all has all of it, alone', async (t) => {
  const memory = new MemoryBudget(200);
  await memory.acquire('a', 1);
  let isIn = false;
  const b = memory.acquire('b', 5000).then(() => {
    isIn = true;
  });
  await Promise.resolve();
  t.notOk(isIn);
  memory.release('a');
  await b;
  memory.release('b');
  await memory.acquire('c', 100);
});

t.test('who takes again gives back what it had, so that nobody waits for itself', async (t) => {
  const memory = new MemoryBudget(200);
  await memory.acquire('a', 80);
  await memory.acquire('a', 90);
  memory.release('a');
  memory.release('a');
  await memory.acquire('b', 100);
  t.pass();
});

t.test('large ones keep no small one waiting, and what is tiny waits for nobody', async (t) => {
  const memory = new MemoryBudget(64 << 20);
  const large = 40 << 20;
  await memory.acquire('downloads-for-hours', large);
  const next = memory.acquire('another', large);
  for (let at = 0; at < 64; at += 1) await memory.acquire(`small${at}`, 500 << 10);
  const late = memory.acquire('late', 500 << 10);
  await memory.acquire('quarantined', 500);
  memory.release('small7');
  await late;
  memory.release('downloads-for-hours');
  await next;
  t.pass();
});

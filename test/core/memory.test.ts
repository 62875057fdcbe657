import t from 'tap';
import { Memory } from '../../src/core/memory.ts';

t.test('who has no room yet waits, first come, first served', async (t) => {
  const memory = new Memory(100);
  const order: string[] = [];
  const take = (owner: string, bytes: number): Promise<void> =>
    memory.take(owner, bytes).then(() => {
      order.push(owner);
    });
  await take('a', 60);
  const b = take('b', 50);
  const c = take('c', 10);
  await Promise.resolve();
  t.same(order, ['a']);
  memory.give('a');
  await Promise.all([b, c]);
  t.same(order, ['a', 'b', 'c']);
});

t.test('what is larger than all has all of it, alone', async (t) => {
  const memory = new Memory(100);
  await memory.take('a', 1);
  let isIn = false;
  const b = memory.take('b', 5000).then(() => {
    isIn = true;
  });
  await Promise.resolve();
  t.notOk(isIn);
  memory.give('a');
  await b;
  memory.give('b');
  await memory.take('c', 100);
});

t.test('who takes again gives back what it had, so that nobody waits for itself', async (t) => {
  const memory = new Memory(100);
  await memory.take('a', 80);
  await memory.take('a', 90);
  memory.give('a');
  memory.give('a');
  await memory.take('b', 100);
  t.pass();
});

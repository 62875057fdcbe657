import { join } from 'node:path';
import t, { type Test } from 'tap';
import { StatsThreads } from '../../../src/cli/logs/stats-threads.ts';

/** Threads that answer each task with the text "there"; this thread answers with "here". */
function opened(t: Test, program: string): StatsThreads {
  const path = join(t.testdir({ 'program.cjs': program }), 'program.cjs');
  const threads = new StatsThreads(path, 1, () => Promise.resolve('here'));
  t.teardown(() => threads.close());
  return threads;
}

const answering = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', () => parentPort.postMessage({ result: 'there' }));
`;

t.test('this thread does what would wait for the others, and they get more once they are done', async (t) => {
  const threads = opened(t, answering);
  t.equal(threads.atOnce, 2);
  const threeTasks = (): Promise<unknown[]> =>
    Promise.all([1, 2, 3].map((byte) => threads.compress(Uint8Array.of(byte))));
  t.same(await threeTasks(), ['there', 'there', 'here']);
  t.same(await threeTasks(), ['there', 'there', 'here']);
});

t.test('what a thread was to do fails with it, and what this one does does not', async (t) => {
  const threads = opened(t, "require('node:worker_threads').parentPort.on('message', () => process.exit(3))");
  const tasks = [1, 2, 3].map((byte) => threads.compress(Uint8Array.of(byte)));
  const outcomes = (await Promise.allSettled(tasks)).map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : outcome.reason.message,
  );
  t.same(outcomes, ['a thread ended with 3', 'a thread ended with 3', 'here']);
});

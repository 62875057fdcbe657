/**
 * Runs the test files that its parent names, one after the other, because starting a process and loading tap takes
 * longer than most of them. Each file is a test with the file's name, which its `import t from 'tap'` returns.
 */
import { once } from 'node:events';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { endOfFile, isReady } from './test-pool.mjs';

register('./test-worker-loader.mjs', import.meta.url);

const timeout = Number(process.argv[2]);
// Tap lets a process end that waits for nothing but messages.
const stay = setInterval(() => {}, 2 ** 30);
t.setTimeout(0);
// The test of the process itself would end between two files once a fixture has called its `teardown`.
await t.test('files', { timeout: 0 }, async (t) => {
  for (process.send(isReady); ; ) {
    const [file] = await once(process, 'message');
    if (file === null) break;
    const result = await t.test(file, { timeout }, async (t) => {
      // As if the file had this process for itself.
      t.testdirName = resolve('.tap/fixtures', file.replaceAll('/', '-'));
      globalThis[Symbol.for('pep381client.test')] = t;
      await import(pathToFileURL(file).href);
    });
    process.stdout.write(`${endOfFile}${result?.ok === true ? 'ok' : 'not ok'}\n`);
  }
});
clearInterval(stay);
process.disconnect();

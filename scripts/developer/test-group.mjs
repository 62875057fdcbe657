/**
 * Runs many test files in one process, because starting a process and loading tap takes longer than most of them. Each
 * file is a test with the file's name, which its `import t from 'tap'` returns.
 */
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import t from 'tap';

register('./test-group-loader.mjs', import.meta.url);

/** Runs `files`, whose paths are relative to the folder of package.json, one after the other. */
export async function runTogether(files) {
  for (const file of files) {
    await t.test(file, async (t) => {
      globalThis[Symbol.for('pep381client.test')] = t;
      await import(pathToFileURL(file).href);
    });
  }
}

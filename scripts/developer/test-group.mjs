/**
 * Runs many files of tests in one process, for to start one and to load tap takes longer than most of them. Each file
 * is a test of that name, which its `import t from 'tap'` brings.
 */
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import t from 'tap';

register('./test-group-loader.mjs', import.meta.url);

/** Runs `files`, paths from the folder of package.json, one after the other. */
export async function runTogether(files) {
  for (const file of files) {
    await t.test(file, async (t) => {
      globalThis[Symbol.for('pep381client.test')] = t;
      await import(pathToFileURL(file).href);
    });
  }
}

/**
 * `npm start`: installs and builds what is missing, then runs start.ts in the same process, so that signals reach it.
 */
import { register } from 'node:module';
import { showSeconds, step } from './progress.mjs';
import { orFail, run } from './run.mjs';
import { checkNode, install } from './setup.mjs';

const parent = process.ppid;
checkNode();
showSeconds();
await orFail(install().then(() => step('Building the programs.', () => run('node', ['scripts/developer/build.mjs']))));
// Whoever started it may be gone by now.
if (!process.exitCode && process.ppid === parent) {
  register('./typescript-loader.mjs', import.meta.url);
  await import('./start.ts');
}

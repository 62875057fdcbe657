/**
 * `npm start`: installs and builds what is missing, then runs start.ts in the same process, so that signals reach it.
 */
import { register } from 'node:module';
import { showSeconds, step } from './progress.mjs';
import { orFail, run } from './run.mjs';
import { checkNode, install } from './setup.mjs';

checkNode();
showSeconds();
await orFail(install().then(() => step('Building the programs.', () => run('node', ['scripts/developer/build.mjs']))));
if (!process.exitCode) {
  register('./typescript-loader.mjs', import.meta.url);
  await import('./start.ts');
}

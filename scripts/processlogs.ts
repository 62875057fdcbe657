/** processlogs: counts the downloads in access logs and publishes them in TARGET/web/local-stats. */
import { isMainThread } from 'node:worker_threads';
import { bundledAddon } from '../src/cli/bundled-addon.ts';
import { answerStatsTasks } from '../src/cli/open-stats-thread.ts';
import { processlogs } from '../src/cli/processlogs.ts';

if (isMainThread) {
  processlogs(process.argv.slice(2), bundledAddon()).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error);
      process.exitCode = 70;
    },
  );
} else answerStatsTasks();

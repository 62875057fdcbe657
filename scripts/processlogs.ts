/** processlogs: counts the downloads in access logs and publishes them in TARGET/web/local-stats. */
import { isMainThread } from 'node:worker_threads';
import { answerStatsTasks } from '../src/cli/logs/open-stats-thread.ts';
import { processlogs } from '../src/cli/logs/processlogs.ts';
import { useBundledAddon } from '../src/cli/program/native-binding.ts';

if (isMainThread) {
  useBundledAddon();
  processlogs(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error);
      process.exitCode = 70;
    },
  );
} else answerStatsTasks();

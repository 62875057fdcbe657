/** processlogs: counts the downloads in access logs and publishes them in TARGET/web/local-stats. */
import { isMainThread } from 'node:worker_threads';
import { answerStatsTasks } from '../src/cli/logs/open-stats-thread.ts';
import { processlogs } from '../src/cli/logs/processlogs.ts';
import { start } from '../src/cli/program/program.ts';

if (isMainThread) start(processlogs);
else answerStatsTasks();

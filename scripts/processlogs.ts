/** processlogs: counts the downloads in access logs and publishes them in TARGET/web/local-stats. */
import { bundledAddon } from '../src/cli/bundled-addon.ts';
import { processlogs } from '../src/cli/processlogs.ts';

processlogs(process.argv.slice(2), bundledAddon()).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 70;
  },
);

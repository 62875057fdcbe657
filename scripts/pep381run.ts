/** pep381run: mirrors a Python package index into TARGET/web. */
import { bundledAddon } from '../src/cli/bundled-addon.ts';
import { pep381run } from '../src/cli/run.ts';

pep381run(process.argv.slice(2), bundledAddon()).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 70;
  },
);

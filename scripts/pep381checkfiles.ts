/** pep381checkfiles: compares TARGET/web with what it promises, and queues what is wrong for the next pep381run. */
import { bundledAddon } from '../src/cli/bundled-addon.ts';
import { pep381checkfiles } from '../src/cli/checkfiles.ts';

pep381checkfiles(process.argv.slice(2), bundledAddon()).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 70;
  },
);

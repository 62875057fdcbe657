/** pep381checkfiles: compares TARGET/web with what it promises, and queues what is wrong for the next pep381run. */

import { pep381checkfiles } from '../src/cli/check/pep381checkfiles.ts';
import { useBundledAddon } from '../src/cli/program/native-binding.ts';

useBundledAddon();
pep381checkfiles(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 70;
  },
);

/**
 * pep381checkfiles: compares TARGET/web with the state and the pages, and queues what is wrong for the next pep381run.
 */

import { pep381checkfiles } from '../src/cli/check/pep381checkfiles.ts';
import { nativeBindingPath } from '../src/cli/program/native-binding.ts';

pep381checkfiles(process.argv.slice(2), nativeBindingPath()).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 70;
  },
);

/** pep381run: mirrors a Python package index into TARGET/web. */
import { useBundledAddon } from '../src/cli/program/native-binding.ts';
import { pep381run } from '../src/cli/run/pep381run.ts';

useBundledAddon();
pep381run(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 70;
  },
);

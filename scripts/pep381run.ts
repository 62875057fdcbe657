/** pep381run: mirrors a Python package index into TARGET/web. */
import { nativeBindingPath } from '../src/cli/program/native-binding.ts';
import { pep381run } from '../src/cli/run/pep381run.ts';

pep381run(process.argv.slice(2), nativeBindingPath()).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 70;
  },
);

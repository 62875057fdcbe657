/** pep381run: mirrors a Python package index into TARGET/web. */
import { start } from '../src/cli/program/program.ts';
import { pep381run } from '../src/cli/run/pep381run.ts';

start(pep381run);

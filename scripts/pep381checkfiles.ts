/**
 * pep381checkfiles: compares TARGET/web with the state and the pages, and queues what is wrong for the next pep381run.
 */
import { pep381checkfiles } from '../src/cli/check/pep381checkfiles.ts';
import { start } from '../src/cli/program/program.ts';

start(pep381checkfiles);

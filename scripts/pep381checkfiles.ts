/**
 * pep381checkfiles: compares TARGET/web with the state and the pages, and queues what is wrong for the next pep381run.
 */
import { isMainThread } from 'node:worker_threads';
import { helpCheck } from '../src/cli/check/open-check-thread.ts';
import { pep381checkfiles } from '../src/cli/check/pep381checkfiles.ts';
import { start } from '../src/cli/program/program.ts';

if (isMainThread) start(pep381checkfiles);
else helpCheck();

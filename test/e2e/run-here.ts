/**
 * Runs the programs in this process, from their source, for a fifth of what a start of the built ones costs: for runs
 * that a test is not about, because they only prepare something, or look at what another one did.
 */
import { setFlagsFromString } from 'node:v8';
import { pep381checkfiles } from '../../src/cli/check/pep381checkfiles.ts';
import { processlogs } from '../../src/cli/logs/processlogs.ts';
import { lines } from '../../src/cli/output/lines.ts';
import { printable } from '../../src/cli/output/printable.ts';
import { runProgram } from '../../src/cli/program/program.ts';
import { systemClock } from '../../src/cli/program/system-clock.ts';
import { pep381run } from '../../src/cli/run/pep381run.ts';
import { Flushers } from '../../src/files/filesystem/flush.ts';
import { type Ended, plainEnvironment, withoutRootHint } from './program.ts';

/** Runs pep381run with these arguments. Runs wait for each other: those of one moment need a process each. */
export function runHere(...args: readonly string[]): Promise<Ended> {
  return inTurn(() => runProgram(pep381run, args));
}

/** Does the same with pep381checkfiles. */
export function checkHere(...args: readonly string[]): Promise<Ended> {
  return inTurn(() => runProgram(pep381checkfiles, args));
}

/** Does the same with processlogs. */
export function logsHere(...args: readonly string[]): Promise<Ended> {
  return inTurn(() => runProgram(processlogs, args));
}

let last: Promise<unknown> = Promise.resolve();

/** Calls `work` once the work before has ended, as the parts of a process that it changes are there once. */
function inTurn(work: () => Promise<number>): Promise<Ended> {
  const end = last.then(() => asProgram(work));
  last = end.catch(() => {});
  return end;
}

const pauses = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls `work` as in a process that cron has started. Leaves no trace of it in this one. */
async function asProgram(work: () => Promise<number>): Promise<Ended> {
  const { out, err } = lines;
  const { env, argv } = process;
  const { flush } = Flushers.prototype;
  const { random } = systemClock;
  const umask = process.umask();
  const listening = pauses.map((signal) => process.listeners(signal));
  const output = { stdout: '', stderr: '' };
  lines.out = (line) => {
    output.stdout += `${printable(line)}\n`;
  };
  lines.err = (line) => {
    output.stderr += `${printable(line)}\n`;
  };
  // The shortest of the waits between two tries, which is none.
  systemClock.random = () => 0;
  // No power is cut here.
  Flushers.prototype.flush = async () => {};
  process.env = { ...plainEnvironment };
  // Threads would start the program that is named there.
  process.argv = [process.execPath];
  try {
    const code = await work();
    return { code, stdout: withoutRootHint(output.stdout), stderr: output.stderr };
  } finally {
    Object.assign(lines, { out, err });
    systemClock.random = random;
    Object.assign(process, { env, argv });
    Flushers.prototype.flush = flush;
    process.umask(umask);
    for (const [at, signal] of pauses.entries()) {
      const added = process.listeners(signal).filter((listener) => listening[at]?.includes(listener) !== true);
      for (const listener of added) process.off(signal, listener);
    }
    // A run sets it. This is V8's default.
    setFlagsFromString('--heap-growing-percent=0');
  }
}

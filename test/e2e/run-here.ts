/**
 * Runs the programs in this process, from their source, for a fifth of what a start of the built ones costs: for runs
 * that a test is not about, because they only prepare something, or look at what another one did.
 */
import { setFlagsFromString } from 'node:v8';
import { pep381checkfiles } from '../../src/cli/check/pep381checkfiles.ts';
import { processlogs } from '../../src/cli/logs/processlogs.ts';
import { lines } from '../../src/cli/output/lines.ts';
import { printable } from '../../src/cli/output/printable.ts';
import { type Program, runProgram } from '../../src/cli/program/program.ts';
import { systemClock } from '../../src/cli/program/system-clock.ts';
import { pep381run } from '../../src/cli/run/pep381run.ts';
import { Flushers } from '../../src/files/filesystem/flush.ts';
import { type Ended, plainEnvironment, startsAndEndsMs, withoutRootHint } from './program.ts';

/** Runs pep381run with these arguments. Runs wait for each other: those of one moment need a process each. */
export function runHere(...args: readonly string[]): Promise<Ended> {
  return programHere(pep381run, args);
}

/** Does the same with pep381checkfiles. */
export function checkHere(...args: readonly string[]): Promise<Ended> {
  return programHere(pep381checkfiles, args);
}

/** Does the same with processlogs. */
export function logsHere(...args: readonly string[]): Promise<Ended> {
  return programHere(processlogs, args);
}

/** Does the same with any of the programs, and with the variables `env` besides those that cron sets. */
export function programHere<Command extends { readonly kind: string }>(
  program: Program<Command>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return inTurn(() => asProgram(() => runProgram(program, args), env));
}

/** Mirrors all of the index at `upstream` into the folder `target`, by its `mirror.toml` if it has one. */
export async function mirrorInto(target: string, upstream: string): Promise<void> {
  const { code, stdout, stderr } = await runHere('-q', '--all', '--upstream', upstream, target);
  if (code !== 0 || stdout + stderr !== '') throw new Error(`${target}: ended with ${code}: ${stdout}${stderr}`);
}

let last: Promise<unknown> = Promise.resolve();

/** Calls `work` once the work before has ended, as the parts of a process that it changes are there once. */
function inTurn(work: () => Promise<Ended>): Promise<Ended> {
  const end = last.then(work);
  last = end.catch(() => {});
  return end;
}

const pauses = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls `work` as in a process that cron has started. Leaves no trace of it in this one. */
async function asProgram(work: () => Promise<number>, env: Readonly<Record<string, string>>): Promise<Ended> {
  const { out, err } = lines;
  const { env: before, argv } = process;
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
  process.env = { ...plainEnvironment, ...env };
  // Threads would start the program that is named there.
  process.argv = [process.execPath];
  // What a run that hangs has changed cannot be taken back, and all later ones would wait for it.
  const timer = setTimeout(() => {
    console.error(`A run in the process of the tests has not ended after ${startsAndEndsMs / 1000} s.`);
    process.exit(1);
  }, startsAndEndsMs);
  try {
    const code = await work();
    return { code, stdout: withoutRootHint(output.stdout), stderr: output.stderr };
  } finally {
    clearTimeout(timer);
    Object.assign(lines, { out, err });
    systemClock.random = random;
    Object.assign(process, { env: before, argv });
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

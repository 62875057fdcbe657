/** Runs the real pip against one index, without any settings of this machine. */
import { execFile } from 'node:child_process';
import type { Test } from 'tap';
import { pythonEnvironment, pythonLacks } from '../sample/run-python.ts';

/** The result of pip. */
export interface PipEnd {
  readonly code: number;
  /** Standard output and standard error, one after the other. */
  readonly output: string;
}

/** Runs `python3 -m pip` with `args`. */
export function pip(...args: readonly string[]): Promise<PipEnd> {
  return python('-m', 'pip', ...args, '--isolated', '--no-cache-dir', '--disable-pip-version-check');
}

/** Runs `python3` with `args`, and returns its output. Rejects if it fails. */
export async function pythonOutput(...args: readonly string[]): Promise<string> {
  const { code, output } = await python(...args);
  if (code !== 0) throw new Error(output);
  return output;
}

/** Returns the options of a test that needs pip: it is skipped, with the reason, if there is no pip. */
export async function pipOrReason(): Promise<{ readonly skip: false | string }> {
  return { skip: await pythonLacks('pip') };
}

/** Asserts that pip succeeds, and returns its output. */
export async function pipSucceeds(t: Test, ...args: readonly string[]): Promise<string> {
  const { code, output } = await pip(...args);
  t.equal(code, 0, `pip ${args[0]} succeeds`);
  if (code !== 0) t.comment(output);
  return output;
}

function python(...args: readonly string[]): Promise<PipEnd> {
  return new Promise((resolve) => {
    execFile('python3', args, { env: pythonEnvironment(), maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: stdout + stderr });
    });
  });
}

/** Runs the real pip, which sees nothing of this machine's settings, against one index. */
import { execFile } from 'node:child_process';
import type { Test } from 'tap';
import { pythonEnvironment } from '../sample/run-python.ts';

/** How pip ended. */
export interface PipEnd {
  readonly code: number;
  /** Standard output and errors, as a person would read them. */
  readonly output: string;
}

/** Runs `python3 -m pip` with `args`. */
export function pip(...args: readonly string[]): Promise<PipEnd> {
  return python('-m', 'pip', ...args, '--isolated', '--no-cache-dir', '--disable-pip-version-check');
}

/** Runs `python3` with `args`; rejects when it fails. */
export async function pythonOutput(...args: readonly string[]): Promise<string> {
  const { code, output } = await python(...args);
  if (code !== 0) throw new Error(output);
  return output;
}

/** Options for a test that needs pip: skipped, with the reason, where there is none. */
export async function pipOrReason(): Promise<{ readonly skip: false | string }> {
  return {
    skip:
      (await python('-m', 'pip', '--version')).code === 0 ? false : 'python3 has no pip: apt-get install python3-pip',
  };
}

/** Asserts that pip succeeds, and returns what it wrote. */
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

/** Runs the real pip against one index, without any settings of this machine. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { pythonEnvironment, pythonLacks } from '../sample/run-python.ts';

/** The result of pip. */
export interface PipEnd {
  readonly code: number;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Runs `python3 -m pip` with `args`. */
export async function pip(...args: readonly string[]): Promise<PipEnd> {
  // It would read what is installed on this machine, which takes as long as all else.
  const install = args[0] === 'install' ? ['--no-warn-conflicts'] : [];
  pips ??= openPips();
  return await pips([...args, ...install, '--isolated', '--no-cache-dir', '--disable-pip-version-check']);
}

let pips: ((args: readonly string[]) => Promise<PipEnd>) | undefined;

/**
 * Does what `python3 -m pip` does, in a process of its own for each line of arguments. It imports pip once, which takes
 * most of the time of a command.
 */
const manyPips = `
import json, os, sys
from pip._internal.cli.main import main
from pip._internal.commands import create_command

for name in ("install", "download"):
    create_command(name)
for line in sys.stdin:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        for number in (1, 2):
            os.dup2(writing, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number in (reading, writing):
            os.close(number)
        code = 1
        try:
            code = main(json.loads(line))
        except SystemExit as end:
            code = end.code
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code or 0)
    os.close(writing)
    with os.fdopen(reading, errors="replace") as said:
        output = said.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps({"code": code, "output": output}), flush=True)
`;

/** Starts the process that starts pip. It ends with this process, which does not wait for it. */
function openPips(): (args: readonly string[]) => Promise<PipEnd> {
  const child = spawn('python3', ['-c', manyPips], { env: pythonEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  setWaiting(child, false);
  let last: Promise<unknown> = Promise.resolve();
  return (args) => {
    const answered = last.then(async () => {
      setWaiting(child, true);
      child.stdin.write(`${JSON.stringify(args)}\n`);
      const { value, done } = await answers.next();
      setWaiting(child, false);
      if (done === true) throw new Error('the Python that starts pip has ended');
      return JSON.parse(value) as PipEnd;
    });
    last = answered.catch(() => {});
    return answered;
  };
}

/** Whether this process waits for `child` before it ends. */
function setWaiting(child: ChildProcess, isWaiting: boolean): void {
  for (const handle of [child, child.stdin as Socket | null, child.stdout as Socket | null])
    if (isWaiting) handle?.ref();
    else handle?.unref();
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

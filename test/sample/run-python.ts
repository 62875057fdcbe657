/** Runs the system's Python, the judge of whether the sample is real. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The standard output of `python3` with these arguments; no configuration of pip gets in. Rejects when it fails. */
export const runPython = async (...args: string[]): Promise<string> => {
  const foreign = Object.entries(process.env).filter(([name]) => !name.startsWith('PIP_'));
  const env = { ...Object.fromEntries(foreign), PIP_CONFIG_FILE: '/dev/null', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
  return (await run('python3', args, { env })).stdout;
};

/** The reason to skip a test that needs this Python module, or `false`. */
export const pythonLacks = async (module: string): Promise<string | false> =>
  runPython('-c', `import ${module}`).then(
    () => false,
    () => `python3 has no ${module}`,
  );

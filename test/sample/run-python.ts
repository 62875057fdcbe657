/** Runs the system's Python, to verify that the sample is realistic. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Returns the environment of this process without settings that affect pip or Python, and without proxies. */
export function pythonEnvironment(): Record<string, string | undefined> {
  const foreign = /^(?:PIP_|PYTHON)|_proxy$/i;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), PIP_CONFIG_FILE: '/dev/null', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
}

/**
 * Returns the standard output of `python3` with these arguments, without any configuration of pip. Rejects if it fails.
 */
export const runPython = async (...args: string[]): Promise<string> => {
  return (await run('python3', args, { env: pythonEnvironment(), maxBuffer: 1 << 24 })).stdout;
};

/** Returns the reason to skip a test that needs this Python module, or `false`. */
export const pythonLacks = async (module: string): Promise<string | false> =>
  runPython('-c', `import ${module}`).then(
    () => false,
    () => `python3 has no ${module}: apt-get install python3 python3-pip`,
  );

/**
 * Returns options for a test that needs a pip that reads a wheel's metadata file if a JSON page lists it. pip 23.0 of
 * Debian 12 does not.
 */
export async function metadataReadOrReason(): Promise<{ readonly skip: false | string }> {
  const version = await runPython('-c', 'import pip; print(pip.__version__)').catch(() => 'none');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major > 23 || (major === 23 && minor >= 2);
  return { skip: isNew ? false : `needs pip 23.2 or later, found ${version.trim()}: a newer Debian has it` };
}

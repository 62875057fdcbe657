/** Runs the system's Python, the judge of whether the sample is real. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The environment of this process without what changes how pip or Python work: settings, proxies. */
export function pythonEnvironment(): Record<string, string | undefined> {
  const foreign = /^(?:PIP_|PYTHON)|_proxy$/i;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), PIP_CONFIG_FILE: '/dev/null', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
}

/** The standard output of `python3` with these arguments; no configuration of pip gets in. Rejects when it fails. */
export const runPython = async (...args: string[]): Promise<string> => {
  return (await run('python3', args, { env: pythonEnvironment(), maxBuffer: 1 << 24 })).stdout;
};

/** The reason to skip a test that needs this Python module, or `false`. */
export const pythonLacks = async (module: string): Promise<string | false> =>
  runPython('-c', `import ${module}`).then(
    () => false,
    () => `python3 has no ${module}: apt-get install python3 python3-pip`,
  );

/** Options for a test whose pip reads the metadata of a wheel that a JSON page announces: 23.0 of Debian 12 does not yet. */
export async function metadataReadOrReason(): Promise<{ readonly skip: false | string }> {
  const version = await runPython('-c', 'import pip; print(pip.__version__)').catch(() => 'none');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major > 23 || (major === 23 && minor >= 2);
  return { skip: isNew ? false : `needs pip 23.2 or later, found ${version.trim()}: a newer Debian has it` };
}

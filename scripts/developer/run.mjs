/** Runs the programs that the scripts in package.json call. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, with a slash at the end. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs `command` in `root` to its end, and also passes its stderr to `hear`. Rejects if it fails. */
export async function run(command, args, env = process.env, hear = undefined) {
  const PATH = `${root}node_modules/.bin${delimiter}${env.PATH}`;
  const stdio = ['inherit', 'inherit', hear === undefined ? 'inherit' : 'pipe'];
  const child = spawn(command, args, { cwd: root, stdio, env: { ...env, PATH } });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    process.stderr.write(text);
    hear(text);
  });
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ended with ${status}`);
}

/** Returns true if a program of this name is in PATH. */
export function isProgram(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Waits for `work`. If it fails, prints one line and lets this process fail as soon as everything it started has ended.
 */
export async function orFail(work) {
  await work.catch(({ message }) => {
    console.error(message);
    process.exitCode = 1;
  });
}

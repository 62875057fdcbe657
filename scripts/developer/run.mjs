/** Runs the programs that the scripts in package.json call. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isShown, printAbove } from './progress.mjs';

/** The folder of package.json, with a slash at the end. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs `command` in `root` to its end, and also passes its stderr to `hear`. Rejects if it fails. Beside the line of a
 * step, its output is printed by whole lines.
 */
export async function run(command, args, env = process.env, hear = undefined) {
  const PATH = `${root}node_modules/.bin${delimiter}${env.PATH}`;
  const stderr = hear === undefined && !isShown() ? 'inherit' : 'pipe';
  const stdio = ['inherit', isShown() ? 'pipe' : 'inherit', stderr];
  const child = spawn(command, args, { cwd: root, stdio, env: { ...env, PATH } });
  const above = isShown() ? [wholeLines(child.stdout), wholeLines(child.stderr)] : [];
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    if (above.length === 0) process.stderr.write(text);
    hear?.(text);
  });
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  for (const finish of above) finish();
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ended with ${status}`);
}

/**
 * Prints the lines of `stream` above the line of the step. The returned function prints the last one without its end.
 */
function wholeLines(stream) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text) => {
    const end = (rest + text).lastIndexOf('\n') + 1;
    if (end > 0) printAbove((rest + text).slice(0, end));
    rest = (rest + text).slice(end);
  });
  return () => {
    if (rest !== '') printAbove(`${rest}\n`);
  };
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

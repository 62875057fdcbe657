/** Runs the programs that the scripts of package.json are made of. */
import { spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, with a slash at the end. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs `command` there to its end; rejects when it fails. */
export async function run(command, args, env = process.env) {
  const PATH = `${root}node_modules/.bin${delimiter}${env.PATH}`;
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...env, PATH } });
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ended with ${status}`);
}

/** Waits for `work`; when it fails this process does, in one line, as soon as everything that was started has ended. */
export async function orFail(work) {
  await work.catch(({ message }) => {
    console.error(message);
    process.exitCode = 1;
  });
}

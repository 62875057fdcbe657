import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../core/caught-error.ts';
import type { Environment } from './cgi-request.ts';
import type { CgiSettings } from './sync-settings.ts';

/** How a process is started. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** All that it gets. */
  readonly env: Readonly<Record<string, string>>;
}

/** `pep381run -q TARGET`, the one in `folder`; of `env`, which is the web server's and the client's, only what it needs. */
export function runCommand(settings: CgiSettings, folder: string, env: Environment, node: string): Command {
  const { target, user } = settings;
  const run = [join(folder, 'pep381run'), '-q', target];
  const [program = '', ...args] = user === undefined ? run : ['sudo', '-n', '-u', user, '--', ...run];
  const { PATH = '/usr/local/bin:/usr/bin:/bin', HOME } = env;
  // Its first line looks for node in PATH, where the node that runs this one need not be.
  const path = `${PATH}:${dirname(node)}`;
  return { program, args, env: HOME === undefined ? { PATH: path } : { PATH: path, HOME } };
}

/** Longer than what runs under -q have to say until somebody reads it. */
const longestLog = 64 << 10;

/**
 * Starts a process that goes on when this one has ended, and says what it has to say to the file `log`, for the next run
 * that somebody reads. Rejects when it cannot start; then the file says so, too.
 */
export async function startLogged(command: Command, log: string): Promise<void> {
  const fd = openLog(log);
  try {
    if (command.program === 'sudo') expectSudo(command);
    await startDetached(command, fd);
  } catch (error) {
    writeSync(fd, `${messageOf(error, String(error))}\n`);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Others may write to the folder: a link or a pipe in the place of the log leads nowhere. */
function openLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
  // The mirror may belong to another user, whatever the web server's umask.
  fchmodSync(fd, 0o644);
  if (fstatSync(fd).size > longestLog) ftruncateSync(fd);
  return fd;
}

/** Throws where sudo would refuse: the run that it does not start says nothing. */
function expectSudo({ program, args: [n = '', ...args], env }: Command): void {
  try {
    execFileSync(program, [n, '-l', ...args], { stdio: ['ignore', 'ignore', 'pipe'], env, timeout: 10_000 });
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: Buffer | string; message: string };
    const reason = String(stderr).trim() || message.split('\n')[0];
    throw new Error(
      `sudo does not let the web server start ${args.join(' ')} (${reason}); see README.md, "Through sudo"`,
    );
  }
}

function startDetached({ program, args, env }: Command, log: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], cwd: '/', env });
    child.once('error', reject);
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}

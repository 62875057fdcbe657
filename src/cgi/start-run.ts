/** Starts pep381run for the CGI, also as another user through sudo. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../core/caught-error.ts';
import type { Environment } from './cgi-request.ts';
import type { CgiSettings } from './sync-settings.ts';

/** A program with its arguments and environment. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** The complete environment of the process. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Returns the command `pep381run -q TARGET`, with the pep381run in `folder`. Of `env`, which comes from the web server
 * and the client, it passes on only what the run needs.
 */
export function runCommand(settings: CgiSettings, folder: string, env: Environment, node: string): Command {
  const { target, user } = settings;
  const run = [join(folder, 'pep381run'), '-q', target];
  const [program = '', ...args] = user === undefined ? run : ['sudo', '-n', '-u', user, '--', ...run];
  const { PATH = '/usr/local/bin:/usr/bin:/bin', HOME } = env;
  // The first line of pep381run looks for node in PATH, which need not have the node that runs this process.
  const path = `${PATH}:${dirname(node)}`;
  return { program, args, env: HOME === undefined ? { PATH: path } : { PATH: path, HOME } };
}

/** Size in bytes above which the log is emptied. Runs with -q write far less before somebody reads it. */
const maxLogBytes = 64 << 10;

/**
 * Starts a process that outlives this one. Its output goes to the file `log`, for the next run whose output somebody
 * reads. Rejects if the process cannot start; then the log has the error, too.
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

/** Opens the log. Others may write to its folder, so it neither follows a link nor waits for a pipe. */
function openLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
  // The mirror may belong to another user, who must be able to read the log whatever the web server's umask is.
  fchmodSync(fd, 0o644);
  if (fstatSync(fd).size > maxLogBytes) ftruncateSync(fd);
  return fd;
}

/** Throws if sudo would refuse the command, because a run that sudo refuses reports nothing. */
function expectSudo({ program, args: [nonInteractive = '', ...args], env }: Command): void {
  try {
    execFileSync(program, [nonInteractive, '-l', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
      timeout: 10_000,
    });
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

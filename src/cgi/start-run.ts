import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import type { Environment } from './cgi-request.ts';
import type { SyncSettings } from './sync-settings.ts';

/** How a process is started. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** All that it gets. */
  readonly env: Readonly<Record<string, string>>;
}

/** `pep381run -q TARGET`, the one in `folder`; of `env`, which is the web server's and the client's, only what it needs. */
export function runCommand(settings: SyncSettings, folder: string, env: Environment, node: string): Command {
  const { target, user } = settings;
  const run = [join(folder, 'pep381run'), '-q', target];
  const [program = '', ...args] = user === undefined ? run : ['sudo', '-n', '-u', user, '--', ...run];
  const { PATH = '/usr/local/bin:/usr/bin:/bin', HOME } = env;
  // Its first line looks for node in PATH, where the node that runs this one need not be.
  const path = `${PATH}:${dirname(node)}`;
  return { program, args, env: HOME === undefined ? { PATH: path } : { PATH: path, HOME } };
}

/** Starts a process that goes on when this one has ended; all its streams are /dev/null. Rejects when it cannot start. */
export function startDetached({ program, args, env }: Command): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: 'ignore', cwd: '/', env });
    child.once('error', reject);
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}

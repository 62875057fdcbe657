/** Starts programs as cron would: in an environment of their own, with nothing on standard input. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The result of a program. */
export interface Ended {
  /** The exit code, or the signal that killed it. */
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was started. */
export interface Running {
  readonly pid: number;
  /** Returns what it has written to standard output so far. */
  stdout(): string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** The options for starting a program. */
export interface StartOptions {
  /** The program that runs it; Node by default. */
  readonly command?: string;
  /** Options of Node. */
  readonly node?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** True to keep the advice that root gets once, which is otherwise removed from the output. */
  readonly keepRootHint?: boolean;
}

/**
 * An environment without the tests' loaders and proxies, and without the certificates of this machine, which only some
 * tests need: reading all of them takes as long as the rest of a program's start.
 */
export const plainEnvironment = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  LANG: 'C.UTF-8',
  SSL_CERT_FILE: fileURLToPath(new URL('no-certificates.pem', import.meta.url)),
};
const rootHint = /^(?:Root is not needed\. .*|\{[^\n]*"type":"root".*)\n/m;

/** Returns what a program printed without the advice that root gets once. */
export function withoutRootHint(stdout: string): string {
  return stdout.replace(rootHint, '');
}

/** Milliseconds after which a program is killed. A slow and busy machine takes ten times as long as ours. */
export const startsAndEndsMs = 180_000;

/** Starts `program` with `args`. It is killed after three minutes. */
export function start(program: string, args: readonly string[], options: StartOptions = {}): Running {
  const { command = process.execPath, node = [], env = {}, keepRootHint = false } = options;
  const read = (text: string): string => (keepRootHint ? text : withoutRootHint(text));
  const child = spawn(command, [...node, program, ...args], {
    env: { ...plainEnvironment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  return {
    pid: child.pid ?? 0,
    stdout: () => read(output.stdout),
    kill: (signal) => child.kill(signal),
    ended: endOf(child).then((code) => ({ code, stdout: read(output.stdout), stderr: output.stderr })),
  };
}

/** Runs `program` to its end. */
export function run(program: string, args: readonly string[], options?: StartOptions): Promise<Ended> {
  return start(program, args, options).ended;
}

/** Kills `running` when `t` ends, and waits for its end: the folder of `t` is removed next, where it must not write. */
export function killAtEnd(t: { teardown(end: () => unknown): void }, running: Pick<Running, 'kill' | 'ended'>): void {
  t.teardown(() => {
    running.kill('SIGKILL');
    return running.ended;
  });
}

/** Returns the end of a program without what a quiet run says of a run that died before it. */
export function withoutDeath(ended: Ended): Ended {
  const stderr = ended.stderr.replace(/^Warning: the last run, which began at \S+, died before its end;[^\n]*\n/, '');
  return { ...ended, stderr };
}

/** Calls `work` for all `items`, four at a time. */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items].reverse();
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item);
    }),
  );
}

/** Resolves once `condition` holds. Rejects after two minutes, with an error that names `what` was waited for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const begunMs = Date.now();
  for (let waitedMs = 0; !(await condition()); waitedMs = Date.now() - begunMs) {
    if (waitedMs > 120_000) throw new Error(`waited in vain: ${what}`);
    // Looking costs something, and what has not come at once takes a while.
    await delay(waitedMs < 100 ? 5 : 20);
  }
}

function endOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  const timer = setTimeout(() => child.kill('SIGKILL'), startsAndEndsMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve(code ?? signal);
    });
  });
}

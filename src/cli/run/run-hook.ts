/**
 * Runs a command that an administrator has put into `[hooks]`. It gets a group of processes of its own, three open
 * files, and a few variables of the environment. Its output is kept only to explain a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorCode, messageOf } from '../../core/caught-error.ts';
import type { HookCommand } from '../config/hooks.ts';

/** Milliseconds that a hook has to end in order, once it was asked to. */
const graceMs = 5_000;
/**
 * Milliseconds to wait for the last output of a hook that has ended. Something that it has started may hold it open.
 */
const lastOutputMs = 500;
/** Length of the output that is quoted. */
const quotedLength = 300;

export interface HookCall {
  readonly command: HookCommand;
  /** What the hook reads from standard input. It need not read it. */
  readonly input: Iterable<string> | AsyncIterable<string | Buffer>;
  /** Variables of the environment, besides `PATH` and `HOME`. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Aborts if the hook is to end at once. */
  readonly signal: AbortSignal;
}

/** Runs a hook to its end. Resolves with what went wrong, in one line, or with undefined if it ended with 0. */
export async function runHook({ command, input, env, timeoutMs, signal }: HookCall): Promise<string | undefined> {
  const [program, ...args] = command;
  const { PATH = '/usr/local/bin:/usr/bin:/bin', HOME = '/' } = process.env;
  const child = spawn(program, args, { detached: true, stdio: 'pipe', cwd: '/', env: { PATH, HOME, ...env } });
  const output = new LastOutput(child);
  try {
    // Rejects with the error if the program cannot be started.
    await once(child, 'spawn');
  } catch (error) {
    return `cannot be started: ${messageOf(error)}`;
  }
  const ended = once(child, 'exit') as Promise<[code: number | null, by: NodeJS.Signals | null]>;
  const deadline = new Deadline(child, timeoutMs, signal);
  const [unread, [code, by]] = await Promise.all([feed(child, input, ended), ended]);
  deadline.end();
  const said = await output.text();
  const why =
    deadline.why() ?? unread ?? (code === 0 ? undefined : by === null ? `ended with ${code}` : `died of ${by}`);
  return why === undefined || said === '' ? why : `${why}; it said: ${said}`;
}

/**
 * Writes `input` to the hook, and resolves when it has taken all or has ended. Resolves with an error message if the
 * input itself cannot be read.
 */
async function feed(
  child: ChildProcess,
  input: HookCall['input'],
  ended: Promise<unknown>,
): Promise<string | undefined> {
  const { stdin } = child;
  if (stdin === null) return undefined;
  // Something that the hook has started may hold its input open for ever.
  void ended.then(() => stdin.destroy());
  try {
    await pipeline(Readable.from(input), stdin);
  } catch (error) {
    // A hook may end without reading what it does not need.
    if (!hasEnded(error)) return messageOf(error, String(error));
  }
  return undefined;
}

function hasEnded(error: unknown): boolean {
  return ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(errorCode(error) ?? '');
}

/** The last output of a process. */
class LastOutput {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #text = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#closed = new Promise((resolve) => child.once('close', resolve));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#text = (this.#text + text).slice(-quotedLength);
      });
    }
  }

  /** Resolves with the output in one line, once the process has ended. */
  async text(): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      this.#closed,
      new Promise((resolve) => {
        timer = setTimeout(resolve, lastOutputMs);
      }),
    ]);
    clearTimeout(timer);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy();
    return this.#text.trim().replace(/\s+/g, ' ');
  }
}

/** Ends a process and all that it has started when its time is over, or when the run is to pause. */
class Deadline {
  readonly #pid: number | undefined;
  readonly #signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #pause = (): void => this.#stop('was ended, as the run is paused');
  #kill: NodeJS.Timeout | undefined;
  #why: string | undefined;

  constructor({ pid }: ChildProcess, timeoutMs: number, signal: AbortSignal) {
    this.#pid = pid;
    this.#signal = signal;
    this.#timer = setTimeout(() => this.#stop(`was ended, as it took more than ${timeoutMs / 1000} s`), timeoutMs);
    signal.addEventListener('abort', this.#pause);
    if (signal.aborted) this.#pause();
  }

  /** Returns why the process was ended; undefined if it ended by itself. */
  why(): string | undefined {
    return this.#why;
  }

  /** Must be called when the process has ended. */
  end(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#kill);
    this.#signal.removeEventListener('abort', this.#pause);
    // Of a group that did not end in order, nothing may stay.
    if (this.#why !== undefined) this.#send('SIGKILL');
  }

  #stop(why: string): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#send('SIGTERM');
    this.#kill = setTimeout(() => this.#send('SIGKILL'), graceMs);
  }

  #send(signal: NodeJS.Signals): void {
    try {
      if (this.#pid !== undefined) process.kill(-this.#pid, signal);
    } catch {
      // All of the group has ended.
    }
  }
}

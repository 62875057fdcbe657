/**
 * Makes files and folders survive a power cut.
 *
 * A few are flushed one by one. For more, one `syncfs(2)` costs less than all the single flushes. Node cannot call it,
 * but `sync -f` of coreutils can. A shell that keeps running starts it, because forking a large Node process takes
 * longer than the flush. If there is no such program, everything is flushed one by one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { close, closeSync, fsync, fsyncSync, open, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { hasCode } from '../../core/caught-error.ts';
import { storageError } from './storage-errors.ts';

const openFile = promisify(open);
const flushFile = promisify(fsync);
const closeFile = promisify(close);

/** Number of paths up to which single flushes cost less than one flush of the whole file system. */
const few = 8;
const atATime = 4;

/** For each line of input, flushes the file system that holds the script's argument, and prints the exit code. */
const script = 'while read -r line; do sync -f "$1" 2>/dev/null; echo $?; done';

export class Flusher {
  readonly #folder: string;
  #shell: ChildProcess | undefined;
  /** True if `sync -f` works here. Undefined until it was tried. */
  #hasSync: boolean | undefined;

  /** Makes a flusher for the file system of `folder`. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Resolves when `paths` are durable. Must not be called again before that. */
  async flush(paths: ReadonlySet<string>): Promise<void> {
    if (paths.size > few && this.#hasSync !== false) {
      const code = await this.#flushFileSystem();
      // If `sync -f` worked before and fails now, the disk refuses to write. Single flushes may not report that again.
      if (code !== 0 && code !== undefined && this.#hasSync) throw flushFailed(this.#folder);
      this.#hasSync ??= code === 0;
      if (code === 0) return;
    }
    const rest = [...paths];
    const worker = async (): Promise<void> => {
      for (let path = rest.pop(); path !== undefined; path = rest.pop()) await flushOne(path);
    };
    await Promise.all(Array.from({ length: atATime }, worker));
  }

  /** Resolves to the exit code of the flush, or to undefined if the shell ended without an answer. */
  #flushFileSystem(): Promise<number | undefined> {
    if (this.#shell === undefined || hasEnded(this.#shell)) this.#shell = this.#startShell();
    const shell = this.#shell;
    const { stdin, stdout } = shell;
    if (stdin === null || stdout === null || hasEnded(shell)) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const answer = (code: Buffer | undefined): void => {
        stdout.removeListener('data', answer);
        shell.removeListener('close', ended);
        hold(stdout, false);
        shell.unref();
        resolve(code === undefined ? undefined : Number(code.toString()));
      };
      const ended = (): void => answer(undefined);
      hold(stdout, true);
      // The pipe alone would not keep this process alive until it hears that the shell ended.
      shell.ref();
      stdout.once('data', answer);
      shell.once('close', ended);
      stdin.write('\n', () => {});
    });
  }

  #startShell(): ChildProcess {
    const shell = spawn('sh', ['-c', script, 'sh', this.#folder], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    // The shell ends when our end of its pipe is closed, so nothing has to wait for it.
    shell.unref();
    shell.on('error', () => shell.emit('close'));
    shell.stdin?.on('error', () => {});
    hold(shell.stdin, false);
    hold(shell.stdout, false);
    return shell;
  }
}

/** Flushes paths that lie on several file systems. */
export class Flushers {
  readonly #homeOf: (path: string) => string;
  readonly #byHome = new Map<string, Flusher>();

  /** `homeOf` returns a folder on the same file system as the path. */
  constructor(homeOf: (path: string) => string) {
    this.#homeOf = homeOf;
  }

  /** Resolves when `paths` are durable. Must not be called again before that. Throws StorageError. */
  async flush(paths: ReadonlySet<string>): Promise<void> {
    const byHome = new Map<string, Set<string>>();
    for (const path of paths) {
      const home = this.#homeOf(path);
      byHome.set(home, (byHome.get(home) ?? new Set()).add(path));
    }
    for (const [home, some] of byHome) {
      const flusher = this.#byHome.get(home) ?? new Flusher(home);
      this.#byHome.set(home, flusher);
      try {
        await flusher.flush(some);
      } catch (error) {
        throw storageError(home, error);
      }
    }
  }
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

function flushFailed(folder: string): Error {
  return Object.assign(new Error(`sync -f ${folder} failed`), { code: 'EIO' });
}

/** Lets `pipe` keep this process alive, or not. */
function hold(pipe: unknown, alive: boolean): void {
  const handle = pipe as { ref(): void; unref(): void };
  if (alive) handle.ref();
  else handle.unref();
}

/** Makes the names in the folder at `path` durable before it returns. */
export function flushNow(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

async function flushOne(path: string): Promise<void> {
  let fd: number;
  try {
    fd = await openFile(path, 'r');
  } catch (error) {
    // Moved or removed since. The code that did so flushes the new folder.
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  try {
    await flushFile(fd);
  } finally {
    await closeFile(fd);
  }
}

/**
 * Makes files and folders survive a power cut.
 *
 * A few are flushed one by one. For more, one `syncfs(2)` costs less than all the single flushes. Node cannot call it,
 * but `sync -f` of coreutils can; a shell that stays starts it, because forking a large Node process takes longer than
 * the flush. Where there is no such program everything is flushed one by one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { close, closeSync, fsync, fsyncSync, open, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { hasCode } from '../../core/caught-error.ts';
import { storageError } from './storage-errors.ts';

const openFile = promisify(open);
const flushFile = promisify(fsync);
const closeFile = promisify(close);

/** Up to so many flushes cost less than one of the whole file system. */
const few = 8;
const atATime = 4;

/** Answers each line with the exit code of a flush of the file system that holds its argument. */
const script = 'while read -r line; do sync -f "$1" 2>/dev/null; echo $?; done';

export class Flusher {
  readonly #folder: string;
  #shell: ChildProcess | undefined;
  /** Undefined until it was tried: whether there is such a program, and it understands us. */
  #hasSync: boolean | undefined;

  /** Flushes what lies on the file system of `folder`. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Resolves when `paths` are durable. Not to be called again before. */
  async flush(paths: ReadonlySet<string>): Promise<void> {
    if (paths.size > few && this.#hasSync !== false) {
      const code = await this.#flushFileSystem();
      // What once worked and now fails says that the disk refuses, and single flushes need not hear of it again.
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

  /** The exit code of the flush; undefined when nobody answered. */
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
      // Its pipe alone would not keep us alive until we hear that it died.
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
    // It ends by itself when our end of its pipe is closed, so nothing has to wait for it.
    shell.unref();
    shell.on('error', () => shell.emit('close'));
    shell.stdin?.on('error', () => {});
    hold(shell.stdin, false);
    hold(shell.stdout, false);
    return shell;
  }
}

/** Flushes what lies on several file systems. */
export class Flushers {
  readonly #homeOf: (path: string) => string;
  readonly #byHome = new Map<string, Flusher>();

  /** `homeOf` returns a folder on the same file system. */
  constructor(homeOf: (path: string) => string) {
    this.#homeOf = homeOf;
  }

  /** Resolves when `paths` are durable. Not to be called again before. Throws StorageError. */
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

/** Whether the process stays alive for `pipe`. */
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
    // Moved on or removed since: whoever did that flushes its new place.
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  try {
    await flushFile(fd);
  } finally {
    await closeFile(fd);
  }
}

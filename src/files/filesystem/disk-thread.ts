/**
 * A thread that creates small files in staging, and renames staged files into the tree: what a first sync of thousands
 * of small files waits for most. The bytes are handed over in shared memory, of which there is little, so that a slow
 * disk fills no memory. Whatever the thread does not take, the caller does.
 */
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../core/caught-error.ts';
import { StorageError, UnfitFileError } from '../../core/errors.ts';

/** A file to create: its path, and the bytes from `start` up to, but without, `end` of the shared memory. */
export interface SharedFile {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** A staged file, and the path at which it is to be published. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/** A task for the thread. Answers come in the order of tasks. */
export type DiskTask =
  | { readonly kind: 'create'; readonly memory: SharedArrayBuffer; readonly files: readonly SharedFile[] }
  | { readonly kind: 'rename'; readonly renames: readonly Rename[] };

/** An error as it is sent. A 'bug' has its stack as the message. */
export interface SentError {
  readonly kind: 'storage' | 'unfit' | 'bug';
  readonly message: string;
}

/**
 * The answer to a task. `errors` has them by the places of their files in the task. Renaming ends with the first one.
 * `touched` are the folders to flush.
 */
export interface DiskAnswer {
  readonly errors: ReadonlyMap<number, SentError>;
  readonly touched: ReadonlySet<string>;
}

/** What the thread is told at its start: the folder `web/`. */
export interface DiskThreadData {
  readonly web: string;
}

/** The first message of the thread: it takes tasks from now on. */
export const ready = 'ready';

/** Number of small files before the thread is started: with fewer it takes longer to start than it saves. */
const usualFilesBefore = 200;
/**
 * Number of bytes that wait for the thread. As many may be with the thread. The pieces that a file came in, which take
 * more, stay in memory as long, as the caller may have to create it after all.
 */
const batchBytes = 1 << 20;
/** The thread keeps nothing between tasks. Without limits its garbage grows as that of the program may. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

/** Files that are created by one task, and those who wait for them. */
class Batch {
  readonly memory = new SharedArrayBuffer(batchBytes);
  files: SharedFile[] = [];
  callers: { resolve(isDone: boolean): void; reject(error: Error): void }[] = [];

  /** Copies the bytes of a file into the memory. Returns false if they find no room there. */
  add(path: string, pieces: readonly Uint8Array[]): boolean {
    const start = this.files.at(-1)?.end ?? 0;
    const end = pieces.reduce((sum, { length }) => sum + length, start);
    if (end > batchBytes) return false;
    const bytes = new Uint8Array(this.memory, start, end - start);
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.files.push({ path, start, end });
    return true;
  }

  /** Tells the callers. Without an answer each has to create its file. */
  settle(answer: DiskAnswer | undefined): void {
    for (const [at, { resolve, reject }] of this.callers.entries()) {
      const error = answer?.errors.get(at);
      if (error === undefined) resolve(answer !== undefined);
      else reject(received(error));
    }
    this.files = [];
    this.callers = [];
  }
}

export class DiskThread {
  readonly #program: string;
  readonly #web: string;
  #filesBefore: number;
  #isStarted = false;
  /** Defined while the thread takes tasks. */
  #worker: Worker | undefined;
  /** Why the thread has ended. */
  #reason = '';
  /** Those who wait for an answer, in the order of tasks. They get undefined if the thread has ended. */
  readonly #waiting: ((answer: DiskAnswer | undefined) => void)[] = [];
  #gathered = new Batch();
  /** The other batch, unless the thread has it. */
  #free: Batch | undefined = new Batch();

  /** `program` is the file that the thread runs. It is started after so many small files of the folder `web`. */
  constructor(program: string, web: string, filesBefore = usualFilesBefore) {
    this.#program = program;
    this.#web = web;
    this.#filesBefore = filesBefore;
  }

  /** Creates the file at `path`, as writeNew does. Returns false if the caller has to do that. Throws StorageError. */
  async create(path: string, pieces: readonly Uint8Array[]): Promise<boolean> {
    if (this.#worker === undefined) {
      this.#filesBefore -= 1;
      if (this.#filesBefore < 0 && !this.#isStarted) this.#start();
      return false;
    }
    const batch = this.#gathered;
    if (!batch.add(path, pieces)) return false;
    return new Promise((resolve, reject) => {
      batch.callers.push({ resolve, reject });
      // Waking the thread costs more than a file, so files that are complete at about the same time wait for each other.
      if (batch.callers.length === 1) setImmediate(() => void this.#sendGathered());
    });
  }

  /**
   * Renames staged files into the tree, one after the other, as PublishedFolders does. Returns the folders to flush, or
   * undefined if the caller has to do it. Throws StorageError.
   */
  async rename(renames: readonly Rename[]): Promise<ReadonlySet<string> | undefined> {
    if (this.#worker === undefined) return undefined;
    const answer = await this.#ask({ kind: 'rename', renames });
    if (answer === undefined) {
      const reason = this.#reason;
      throw new StorageError(`${this.#web}: the thread that renames files has ended (${reason}); run again`);
    }
    for (const error of answer.errors.values()) throw received(error);
    return answer.touched;
  }

  #start(): void {
    this.#isStarted = true;
    if (hasLimitedAddresses()) return;
    let worker: Worker;
    try {
      const workerData: DiskThreadData = { web: this.#web };
      worker = new Worker(this.#program, { workerData, resourceLimits });
    } catch {
      // The system allows no further thread.
      return;
    }
    worker.on('message', (message: typeof ready | DiskAnswer) => {
      if (message === ready) this.#worker = worker;
      else this.#receive(message);
    });
    // The program does not wait for a thread that never becomes ready. Before now it would have no effect that lasts.
    worker.on('online', () => worker.unref());
    worker.on('error', (error) => this.#end(messageOf(error)));
    worker.on('exit', (code) => this.#end(`exit code ${code}`));
  }

  /** Sends the files that have gathered, once those before them are created: under load many at a time. */
  async #sendGathered(): Promise<void> {
    const batch = this.#gathered;
    if (this.#free === undefined || batch.files.length === 0) return;
    this.#gathered = this.#free;
    this.#free = undefined;
    batch.settle(await this.#ask({ kind: 'create', memory: batch.memory, files: batch.files }));
    this.#free = batch;
    void this.#sendGathered();
  }

  async #ask(task: DiskTask): Promise<DiskAnswer | undefined> {
    const worker = this.#worker;
    if (worker === undefined) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      // The program must not end before the answer. Apart from that, nothing waits for the thread.
      worker.ref();
      worker.postMessage(task);
    });
  }

  #receive(answer: DiskAnswer): void {
    this.#waiting.shift()?.(answer);
    if (this.#waiting.length === 0) this.#worker?.unref();
  }

  /** From now on the callers do everything. */
  #end(reason: string): void {
    this.#worker = undefined;
    this.#reason ||= reason;
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }
}

/**
 * Returns true if the addresses of the process are limited (`ulimit -v`). If there is no room for what V8 reserves for a
 * thread, it ends the process.
 */
function hasLimitedAddresses(): boolean {
  try {
    return !/^Max address space +unlimited /m.test(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    // The kernel does not tell.
    return false;
  }
}

function received({ kind, message }: SentError): Error {
  if (kind === 'bug') return new Error(message);
  return kind === 'unfit' ? new UnfitFileError(message) : new StorageError(message);
}

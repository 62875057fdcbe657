/**
 * Threads of this program for the slow parts of statistics that can be done in any order: scanning pieces of logs, and
 * compressing pieces of days. They start on first use. This thread does its share, too.
 */
import { Worker } from 'node:worker_threads';
import type { LogPiece, PieceScanner } from '../../files/piece-scanner.ts';
import type { ScannedLines } from '../../formats/logs/log-scanner.ts';

/**
 * Number of tasks that a thread has at a time. The second one waits, so that the thread can go on with it before this
 * one hears of the first.
 */
const tasksOfThread = 2;

/** A task that each of the threads can do, this one included. */
export type StatsTask =
  | { readonly kind: 'scan'; readonly piece: LogPiece }
  | { readonly kind: 'compress'; readonly bytes: Uint8Array };

/** The answer to a task. Answers come in the order of tasks. */
export type StatsAnswer = { readonly result: unknown } | { readonly error: Error };

interface Thread {
  readonly worker: Worker;
  /** The callers that wait for its answers. */
  readonly waiting: { resolve(result: unknown): void; reject(error: Error): void }[];
}

export class StatsThreads implements PieceScanner {
  readonly atOnce: number;
  readonly #program: string;
  readonly #others: number;
  readonly #doHere: (task: StatsTask) => Promise<unknown>;
  #threads: Thread[] = [];

  /**
   * Uses this thread, which does a task by `doHere`, and at least one of `others`, which run the file `program`. It
   * must answer tasks unless it is the main thread.
   */
  constructor(program: string, others: number, doHere: (task: StatsTask) => Promise<unknown>) {
    this.#program = program;
    this.#others = others;
    this.#doHere = doHere;
    this.atOnce = others + 1;
  }

  async scan(piece: LogPiece): Promise<ScannedLines> {
    return (await this.#run({ kind: 'scan', piece })) as ScannedLines;
  }

  /** Returns `bytes` as one member of a `.bz2` file. */
  async compress(bytes: Uint8Array): Promise<Uint8Array> {
    // Copied, because sending a view sends the whole buffer behind it.
    const copy = new Uint8Array(bytes);
    return (await this.#run({ kind: 'compress', bytes: copy })) as Uint8Array;
  }

  async close(): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #run(task: StatsTask): Promise<unknown> {
    while (this.#threads.length < this.#others) this.#threads.push(this.#start());
    const [first, ...others] = this.#threads as [Thread, ...Thread[]];
    const thread = others.reduce(
      (least, other) => (other.waiting.length < least.waiting.length ? other : least),
      first,
    );
    if (thread.waiting.length >= tasksOfThread) return this.#doHere(task);
    return new Promise((resolve, reject) => {
      thread.waiting.push({ resolve, reject });
      thread.worker.postMessage(task);
    });
  }

  #start(): Thread {
    const worker = new Worker(this.#program);
    const thread: Thread = { worker, waiting: [] };
    const fail = (error: Error): void => {
      // A thread that failed would not answer further tasks.
      this.#threads = this.#threads.filter((other) => other !== thread);
      for (const { reject } of thread.waiting.splice(0)) reject(error);
    };
    worker.on('message', (answer: StatsAnswer) => {
      const waiting = thread.waiting.shift();
      if ('error' in answer) waiting?.reject(answer.error);
      else waiting?.resolve(answer.result);
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`a thread ended with ${code}`)));
    return thread;
  }
}

/**
 * Threads of this program that do what takes long in statistics and can be done in any order: they scan pieces of logs
 * and compress pieces of days. They are started when they are first asked for something.
 */
import { Worker } from 'node:worker_threads';
import type { LogPiece, PieceScanner } from '../../files/piece-scanner.ts';
import type { ScannedLines } from '../../formats/logs/log-scanner.ts';

/** What a thread is asked to do. */
export type StatsTask =
  | { readonly kind: 'scan'; readonly piece: LogPiece }
  | { readonly kind: 'compress'; readonly bytes: Uint8Array };

/** What it answers, in the order of the tasks. */
export type StatsAnswer = { readonly result: unknown } | { readonly error: Error };

interface Thread {
  readonly worker: Worker;
  /** Those who wait for its answers. */
  readonly waiting: { resolve(result: unknown): void; reject(error: Error): void }[];
}

export class StatsThreads implements PieceScanner {
  readonly atOnce: number;
  readonly #program: string;
  #threads: Thread[] = [];

  /** So many threads, which run the file `program`; it answers tasks where it is not the main thread. */
  constructor(program: string, count: number) {
    this.#program = program;
    this.atOnce = count;
  }

  async scan(piece: LogPiece): Promise<ScannedLines> {
    return (await this.#run({ kind: 'scan', piece })) as ScannedLines;
  }

  /** `bytes` as one member of a `.bz2` file. */
  async compress(bytes: Uint8Array): Promise<Uint8Array> {
    // A copy, as a view would take all that it is a view of along.
    const copy = new Uint8Array(bytes);
    return (await this.#run({ kind: 'compress', bytes: copy })) as Uint8Array;
  }

  async close(): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #run(task: StatsTask): Promise<unknown> {
    while (this.#threads.length < this.atOnce) this.#threads.push(this.#start());
    const [first, ...others] = this.#threads as [Thread, ...Thread[]];
    const thread = others.reduce(
      (least, other) => (other.waiting.length < least.waiting.length ? other : least),
      first,
    );
    return new Promise((resolve, reject) => {
      thread.waiting.push({ resolve, reject });
      thread.worker.postMessage(task);
    });
  }

  #start(): Thread {
    const worker = new Worker(this.#program);
    const thread: Thread = { worker, waiting: [] };
    const fail = (error: Error): void => {
      // Whatever it is asked next nobody would answer.
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

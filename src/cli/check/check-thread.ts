/** The second thread of a check, as the first one sees it. */
import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { CheckSettings } from '../../check/check-job.ts';
import type { CheckHelper, FilesToRead } from '../../check/helper.ts';
import type { WebPath } from '../../core/paths.ts';
import type { Target } from '../target/target.ts';

/** What the thread is told at its start. */
export interface CheckThreadData {
  readonly target: Target;
  readonly settings: CheckSettings;
}

/** A task for the thread: files to be read, or the name of a folder to be walked through. */
export interface CheckTask {
  readonly number: number;
  readonly task: FilesToRead | string;
}

/** The number of bytes that were read for a task since the last message; and in the last one, what is not right. */
export interface CheckNews {
  readonly number: number;
  readonly bytes: number;
  readonly wrong?: readonly WebPath[];
}

interface Waiting {
  readonly tell: (bytes: number) => void;
  /** Gets what is not right; undefined if nobody knows. */
  readonly resolve: (wrong: readonly WebPath[] | undefined) => void;
}

/** Number of projects below which a thread takes longer to start than it saves. */
const minProjects = 200;

/** Returns true if a check of so many projects gets done earlier with a thread. */
export function isThreadOfUse(projects: number): boolean {
  return projects >= minProjects && availableParallelism() > 1;
}

export class CheckThread implements CheckHelper {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #tasks = 0;
  #hasEnded = false;

  /**
   * Starts the file `program`, which must call `helpCheck` unless it is the main thread. Ends as soon as `signal`
   * aborts.
   */
  constructor(program: string, data: CheckThreadData, signal: AbortSignal) {
    this.#worker = new Worker(realpathSync(program), { workerData: data });
    this.#worker.on('message', (news: CheckNews) => this.#hear(news));
    // Whatever it failed with, the check itself will meet.
    this.#worker.on('error', () => this.#end());
    this.#worker.on('exit', () => this.#end());
    signal.addEventListener('abort', () => void this.close(), { once: true });
  }

  async readFiles(task: FilesToRead, tell: (bytes: number) => void): Promise<readonly WebPath[]> {
    return (await this.#ask(task, tell)) ?? task.files.map(({ path }) => path);
  }

  async isAccountedFor(folder: string): Promise<boolean> {
    return (await this.#ask(folder, () => {}))?.length === 0;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #ask(task: CheckTask['task'], tell: Waiting['tell']): Promise<readonly WebPath[] | undefined> {
    if (this.#hasEnded) return undefined;
    this.#tasks += 1;
    const number = this.#tasks;
    return new Promise((resolve) => {
      this.#waiting.set(number, { tell, resolve });
      this.#worker.postMessage({ number, task } satisfies CheckTask);
    });
  }

  #hear({ number, bytes, wrong }: CheckNews): void {
    const waiting = this.#waiting.get(number);
    if (bytes > 0) waiting?.tell(bytes);
    if (wrong === undefined) return;
    this.#waiting.delete(number);
    waiting?.resolve(wrong);
  }

  #end(): void {
    this.#hasEnded = true;
    for (const { resolve } of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}

/** Starts and stops a large index in a process of its own. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LargeIndexReport } from './large-index-process.ts';
import type { LargeIndexOptions } from './large-model.ts';
import type { NetworkOptions } from './slow-network.ts';

const loader = new URL('../../scripts/developer/typescript.mjs', import.meta.url).href;

/** A large index in another process. */
export interface ForkedLargeIndex {
  readonly url: string;
  /** The report at the start. */
  readonly started: LargeIndexReport;
  /** Changes this many projects, and resolves with a report; 0 changes nothing. */
  touch(count: number): Promise<LargeIndexReport>;
  close(): Promise<void>;
}

/** Starts the process, and resolves when it serves. */
export const forkLargeIndex = async (
  options: LargeIndexOptions & NetworkOptions & { readonly port?: number },
): Promise<ForkedLargeIndex> => {
  const path = fileURLToPath(new URL('./large-index-process.ts', import.meta.url));
  const child = fork(path, [JSON.stringify(options)], { execArgv: [`--import=${loader}`] });
  const started = await nextReport(child);
  return {
    url: started.url,
    started,
    touch: (count) => {
      child.send({ touch: count });
      return nextReport(child);
    },
    close: async () => {
      const closed = once(child, 'exit');
      child.disconnect();
      await closed;
    },
  };
};

const nextReport = (child: ChildProcess): Promise<LargeIndexReport> =>
  new Promise((resolve, reject) => {
    const died = (code: number | null): void => reject(new Error(`the large index ended with code ${code}`));
    child.once('exit', died);
    child.once('message', (report) => {
      child.off('exit', died);
      resolve(report as LargeIndexReport);
    });
  });

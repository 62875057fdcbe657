/** What the thread of `DiskThread` runs: it does tasks, one after the other, for as long as it lives. */
import { parentPort, workerData } from 'node:worker_threads';
import { asError } from '../../core/caught-error.ts';
import { StorageError, UnfitFileError } from '../../core/errors.ts';
import { type DiskAnswer, type DiskTask, type DiskThreadData, ready, type SentError } from './disk-thread.ts';
import { PublishedFolders } from './published-folders.ts';
import { guardStorage } from './storage-errors.ts';
import { writeNew } from './write-new.ts';

const { web } = workerData as DiskThreadData;

parentPort?.on('message', (task: DiskTask) => parentPort?.postMessage(answerTo(task)));
parentPort?.postMessage(ready);

function answerTo(task: DiskTask): DiskAnswer {
  const errors = new Map<number, SentError>();
  const touched = new Set<string>();
  if (task.kind === 'create') {
    for (const [at, { path, start, end }] of task.files.entries()) {
      const body = new Uint8Array(task.memory, start, end - start);
      const error = errorOf(() => guardStorage(path, () => writeNew(path, body)));
      if (error !== undefined) errors.set(at, error);
    }
  } else {
    // Which folders there are, it finds out each time: the program may have removed some meanwhile.
    const folders = new PublishedFolders(web);
    const error = errorOf(() => {
      for (const { from, to } of task.renames) folders.moveInto(from, to, touched);
    });
    if (error !== undefined) errors.set(0, error);
  }
  return { errors, touched };
}

function errorOf(work: () => void): SentError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof UnfitFileError) return { kind: 'unfit', message: error.message };
    if (error instanceof StorageError) return { kind: 'storage', message: error.message };
    return { kind: 'bug', message: asError(error).stack ?? '' };
  }
}

/** The work of the second thread of a check. */
import { parentPort, workerData } from 'node:worker_threads';
import { helperFor } from '../../check/help-check.ts';
import type { CheckHelper } from '../../check/helper.ts';
import { childPath, packagesRoot, type WebPath } from '../../core/paths.ts';
import { FilesystemFileStore } from '../../files/filesystem/filesystem-file-store.ts';
import { SqliteStateStore } from '../../state/sqlite/sqlite-state-store.ts';
import { useBundledAddon } from '../program/program.ts';
import { systemClock } from '../program/system-clock.ts';
import type { CheckNews, CheckTask, CheckThreadData } from './check-thread.ts';

/** Number of bytes that are read between two messages. */
const newsBytes = 1 << 20;

/** Answers tasks for as long as this thread lives. It only reads. */
export function helpCheck(): void {
  useBundledAddon();
  const { target, settings } = workerData as CheckThreadData;
  const helper = helperFor({
    state: new SqliteStateStore(target.state, systemClock, { readOnly: true }),
    files: new FilesystemFileStore(target.root, systemClock),
    clock: systemClock,
    report: () => {},
    signal: new AbortController().signal,
    takeLock: () => undefined,
    settings,
  });
  parentPort?.on('message', (task: CheckTask) => answer(helper, task, (news) => parentPort?.postMessage(news)));
}

async function answer(
  helper: CheckHelper,
  { number, task }: CheckTask,
  post: (news: CheckNews) => void,
): Promise<void> {
  let bytes = 0;
  const tell = (more: number): void => {
    bytes += more;
    if (bytes < newsBytes) return;
    post({ number, bytes });
    bytes = 0;
  };
  const wrong = await wrongOf(helper, task, tell);
  post({ number, bytes, wrong });
}

/** Resolves with what is not right; with all of it if that cannot be found out, as the check itself will tell why. */
async function wrongOf(
  helper: CheckHelper,
  task: CheckTask['task'],
  tell: (bytes: number) => void,
): Promise<readonly WebPath[]> {
  const isFolder = typeof task === 'string';
  const all = isFolder ? [childPath(packagesRoot, task)] : task.files.map(({ path }) => path);
  try {
    if (isFolder) return (await helper.isAccountedFor(task)) ? [] : all;
    return await helper.readFiles(task, tell);
  } catch {
    return all;
  }
}

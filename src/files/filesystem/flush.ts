/**
 * Makes files and folders survive a power cut.
 *
 * A few are flushed one by one. For more, one `syncfs(2)` costs less than all the single flushes; Node cannot call it,
 * `sync -f` of coreutils can. Where there is no such program everything is flushed one by one.
 */
import { execFile } from 'node:child_process';
import { close, fsync, open } from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from './storage-errors.ts';

const run = promisify(execFile);
const openFile = promisify(open);
const flushFile = promisify(fsync);
const closeFile = promisify(close);

/** Up to so many flushes cost less than starting a program. */
const few = 8;
const atATime = 4;

let canSyncFileSystem = true;

/** Flushes `paths`, which all lie on the file system of the folder `root`. */
export async function flush(root: string, paths: ReadonlySet<string>): Promise<void> {
  if (paths.size > few && canSyncFileSystem) {
    try {
      await run('sync', ['-f', root]);
      return;
    } catch (error) {
      // An exit code of 1 may mean that data was lost or that the option is unknown: either way each file must be asked.
      if (codeOf(error) === 'ENOENT') canSyncFileSystem = false;
    }
  }
  const rest = [...paths];
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (let path = rest.pop(); path !== undefined; path = rest.pop()) await flushOne(path);
    }),
  );
}

async function flushOne(path: string): Promise<void> {
  let fd: number;
  try {
    fd = await openFile(path, 'r');
  } catch (error) {
    // Moved on or removed since: whoever did that flushes its new place.
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    await flushFile(fd);
  } finally {
    await closeFile(fd);
  }
}

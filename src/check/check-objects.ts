/**
 * Checks what an object store has besides the files of projects: the objects of files that lie on the disk as well, and
 * what belongs to nothing. What seems wrong is looked at again while the lock of runs is held.
 */
import {
  changesRoot,
  childPath,
  ownFiles,
  ownPath,
  pageFiles,
  pagePath,
  statsRoot,
  type WebPath,
} from '../core/paths.ts';
import type { CopyProblem, ObjectCheck, Stray } from '../files/object-check.ts';
import { indexState } from '../state/mirror-state.ts';
import type { Check } from './check-job.ts';

/** Strays that are looked at again together. */
const atATime = 1000;

/** Checks the store, if there is one, unless only a subset is checked. Throws StorageError or PausedError. */
export async function checkObjects(check: Check): Promise<void> {
  const { objects, subset } = check;
  if (objects === undefined || subset !== undefined) return;
  await checkCopies(check, objects);
  let waiting: Stray[] = [];
  for await (const stray of objects.strays()) {
    await check.yielder.yieldIfDue();
    waiting.push(stray);
    if (waiting.length < atATime) continue;
    if (!(await settle(check, objects, waiting))) return;
    waiting = [];
  }
  await settle(check, objects, waiting);
}

/** Reports the strays that still belong to nothing, and discards them if that is wanted. Returns false during a run. */
async function settle(check: Check, objects: ObjectCheck, strays: readonly Stray[]): Promise<boolean> {
  const { lock, report, settings } = check;
  if (strays.length === 0) return true;
  const release = await lock.take();
  if (release === undefined) {
    report({ type: 'tree-unjudged' });
    return false;
  }
  try {
    for (const stray of strays) {
      if (!(await objects.isStray(stray))) continue;
      const address = objects.addressOfKey(stray.key);
      report({ type: 'stray', stray, address });
      if (!settings.deleteUnreferenced) continue;
      await objects.discard(stray);
      report({ type: 'stray-discarded', stray, address });
    }
  } finally {
    release();
  }
  return true;
}

async function checkCopies(check: Check, objects: ObjectCheck): Promise<void> {
  const suspects: WebPath[] = [];
  for await (const path of copiedPaths(check)) {
    await check.yielder.yieldIfDue();
    if (objects.isCopied(path) && (await objects.compareCopy(path)) !== undefined) suspects.push(path);
  }
  if (suspects.length === 0) return;
  const release = await check.lock.take();
  // The current run publishes some of them at its end.
  if (release === undefined) return;
  try {
    for (const path of suspects) {
      const problem = isDue(check, path) ? undefined : await objects.compareCopy(path);
      if (problem !== undefined) await tellOfCopy(check, objects, path, problem);
    }
  } finally {
    release();
  }
}

/** Yields the paths of the files of the mirror as a whole, whether they exist or not. */
async function* copiedPaths(check: Check): AsyncIterable<WebPath> {
  yield* ownFiles.map((name) => ownPath(name));
  yield* pageFiles.map((page) => pagePath(page));
  for (const folder of [changesRoot, statsRoot]) yield* filesBelow(check, folder);
}

async function* filesBelow(check: Check, folder: WebPath): AsyncIterable<WebPath> {
  for await (const { name, kind } of check.files.entries(folder)) {
    const path = childPath(folder, name);
    // Pages of the statistics are among the files above.
    if (kind === 'folder') yield* filesBelow(check, path);
    else if (kind === 'file' && name !== 'index.html') yield path;
  }
}

/** Returns true if the next run writes the file anew: the one on the disk may be the wrong one. */
function isDue({ state }: Check, path: WebPath): boolean {
  const { rootIndexDue, changesDue } = state.get(indexState);
  return (isOfRootIndex(path) && rootIndexDue === true) || (isOfChangeFeed(path) && changesDue === true);
}

async function tellOfCopy(check: Check, objects: ObjectCheck, path: WebPath, problem: CopyProblem): Promise<void> {
  const { report, settings } = check;
  const address = objects.addressOfKey(`web/${path}`);
  const kind = problem === 'missing' ? 'missing-copy' : 'bad-copy';
  report({ type: 'finding', finding: { kind, path, project: undefined, address } });
  if (settings.repair) return publishAgain(objects, path);
  objects.putAgain(path);
  report({ type: 'queued', name: undefined });
}

async function publishAgain({ live }: ObjectCheck, path: WebPath): Promise<void> {
  const [body, stat] = [await live.read(path), await live.stat(path)];
  if (body !== undefined) await live.publish([{ path, body, mtimeMs: stat?.mtimeMs }]);
}

function isOfRootIndex(path: WebPath): boolean {
  return pageFiles.some((page) => pagePath(page) === path);
}

function isOfChangeFeed(path: WebPath): boolean {
  return path === ownPath('changes.json') || path.startsWith(`${changesRoot}/`);
}

/**
 * Adopts a tree project by project, so that it can be interrupted at any time and continues from there. Files are read
 * once to be verified, and never fetched. Files without a link on any page stay where they are; pep381checkfiles finds
 * them.
 */
import { throwIfPaused } from '../core/errors.ts';
import { type ProjectName, projectName } from '../core/names.ts';
import { childPath, simpleRoot, type WebPath } from '../core/paths.ts';
import { Semaphore } from '../core/semaphore.ts';
import type { FileStore } from '../files/file-store.ts';
import { adoptProject } from './adopt-project.ts';
import type { Adoption } from './adoption.ts';

/**
 * Number of projects that are adopted at the same time. Most of their time is spent waiting for a flush, which they
 * share.
 */
const maxConcurrentProjects = 200;

/** Adopts every project below `simple/`. Throws StorageError and PausedError. */
export async function adoptTree(adoption: Adoption): Promise<void> {
  const slots = new Semaphore(maxConcurrentProjects);
  /** The work in progress by project: two spellings of a project are merged one after the other. */
  const inProgress = new Map<ProjectName, Promise<void>>();
  const failures: unknown[] = [];
  for await (const { name, folder } of projectFolders(adoption)) {
    await slots.acquire();
    if (failures.length > 0 || adoption.signal.aborted) {
      slots.release();
      break;
    }
    const before = inProgress.get(name) ?? Promise.resolve();
    const work = before
      .then(() => adoptProject(adoption, name, folder))
      .catch((error: unknown) => {
        failures.push(error);
      })
      .finally(() => {
        if (inProgress.get(name) === work) inProgress.delete(name);
        slots.release();
      });
    inProgress.set(name, work);
  }
  await slots.idle();
  if (failures.length > 0) throw failures[0];
  throwIfPaused(adoption.signal);
}

/** Yields the folders of projects. bandersnatch can put them into folders named by their first letters. */
async function* projectFolders({ files, report }: Adoption): AsyncIterable<{ name: ProjectName; folder: WebPath }> {
  for await (const { name: text, kind } of files.entries(simpleRoot)) {
    if (kind === 'other' && !text.startsWith('index.')) {
      report({
        type: 'warning',
        message: `simple/${text}: what a link leads to is not taken over; moved to the trash`,
      });
      await files.discardFolders([childPath(simpleRoot, text)]);
    }
    const name = kind === 'folder' ? projectName(text) : undefined;
    if (name === undefined) continue;
    const folder = childPath(simpleRoot, text);
    if (text.length === 1) yield* foldersWithPages(files, folder);
    yield { name, folder };
  }
}

async function* foldersWithPages(
  files: FileStore,
  letter: WebPath,
): AsyncIterable<{ name: ProjectName; folder: WebPath }> {
  for await (const { name: text, kind } of files.entries(letter)) {
    const name = kind === 'folder' ? projectName(text) : undefined;
    const folder = childPath(letter, text);
    if (name !== undefined && (await hasPage(files, folder))) yield { name, folder };
  }
}

async function hasPage(files: FileStore, folder: WebPath): Promise<boolean> {
  const pages = ['index.html', 'index.v1_json'].map((page) => childPath(folder, page));
  return (await Promise.all(pages.map((page) => files.stat(page)))).some((stat) => stat !== undefined);
}

/**
 * Opens a state only if its tree is there. A disk that is not mounted looks like a mirror that has lost everything,
 * and must not be taken for one.
 */
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { plural } from '../../core/counts.ts';
import { LostTreeError } from '../../core/errors.ts';
import { inPages } from '../../core/in-pages.ts';
import type { ProjectName } from '../../core/names.ts';
import { projectFolder, type WebPath } from '../../core/paths.ts';
import { Mounts } from '../../files/filesystem/mounts.ts';
import { Trash } from '../../files/filesystem/trash.ts';
import { hasPackages, hasProjects } from '../../files/filesystem/tree-presence.ts';
import type { HeldProject } from '../../state/held-projects.ts';
import { copyState, storageState } from '../../state/mirror-state.ts';
import { isMirrorKnown } from '../../state/sqlite/has-mirror.ts';
import type { OpenStateOptions } from '../../state/sqlite/open-state.ts';
import { SqliteStateStore } from '../../state/sqlite/sqlite-state-store.ts';
import type { StateStore } from '../../state/state-store.ts';
import { isThere, type Target } from './target.ts';

const pageSize = 1000;

/**
 * Opens the state of `target`. Throws StorageError; LostTreeError if the state knows of projects or files, the tree has
 * none, and not all of them are in the trash.
 */
export function openExpectedState(target: Target, clock: Clock, options: OpenStateOptions = {}): SqliteStateStore {
  const state = new SqliteStateStore(target.state, clock, options);
  try {
    expectTree(target, state);
    return state;
  } catch (error) {
    state.close();
    throw error;
  }
}

/**
 * Returns true if the state of `target` knows of a mirror, or cannot be read. An empty file, or a state that
 * processlogs made, knows of none.
 */
export function knowsMirror({ state }: Target): boolean {
  return isThere(state) && isMirrorKnown(state);
}

function expectTree(target: Target, state: StateStore): void {
  // Another machine had the tree.
  if (state.get(copyState).restored === true) return;
  const { projects, files } = state.totals();
  const { hold } = state.get(storageState).storage ?? {};
  const web = join(target.root, 'web');
  const trash = new Trash(web, new Mounts(target.root));
  if (projects > 0 && hold !== 'everything' && !hasProjects(web) && !isInTrash(trash, foldersIn(state))) {
    throw lost(target, 'simple', 'project', projects);
  }
  if (files > 0 && hold === undefined && !hasPackages(web) && !isInTrash(trash, filesIn(state))) {
    throw lost(target, 'packages', 'file', files);
  }
}

function lost({ root, state }: Target, folder: string, what: string, known: number): LostTreeError {
  const path = [join(root, 'web'), join(root, 'web', folder)].find((path) => !isThere(path));
  const found = path === undefined ? `${join(root, 'web', folder)}: holds no ${what}` : `${path}: is missing`;
  return new LostTreeError(
    `${found}, but ${state} knows ${plural(known, what)}; is the disk mounted? If they are lost, ` +
      `"mv ${state} ${state}.lost" and run pep381run: what is left is kept, and the rest fetched again`,
  );
}

/**
 * Returns true if all `paths`, at least one, lie in the trash: a run moved them there and was killed before it could
 * forget them.
 */
function isInTrash(trash: Trash, paths: Iterable<WebPath>): boolean {
  let some = false;
  for (const path of paths) {
    if (trash.latest(path) === undefined) return false;
    some = true;
  }
  return some;
}

function* foldersIn(state: StateStore): Iterable<WebPath> {
  for (const { name } of publishedIn(state)) yield projectFolder(name);
}

function* filesIn(state: StateStore): Iterable<WebPath> {
  for (const { files } of publishedIn(state)) for (const { path } of files) yield path;
}

function* publishedIn(state: StateStore): Iterable<HeldProject & { readonly name: ProjectName }> {
  for (const page of inPages((after) => state.held.published(after, pageSize))) {
    for (const { name } of page) yield { name, ...state.held.project(name) };
  }
}

/** Finds out what a path under `packages/` belongs to. */
import type { ProjectName } from '../core/names.ts';
import { filenameOf, isBlobPath, isFileName, isHashedPath, ownerOfSidecar, type WebPath } from '../core/paths.ts';
import { sidecars } from '../core/sidecars.ts';
import { projectCandidates } from '../formats/file-name.ts';
import type { StateStore } from '../state/state-store.ts';

/**
 * Returns true if the path belongs to a held file, or may belong to one after the next run because its project is
 * queued.
 */
export function isAccountedFor(state: StateStore, path: WebPath): boolean {
  return isHeldPath(state, path) || isExpected(state, path);
}

/**
 * Returns true if the file may have been put there by hand, outside of hashed folders, or is a sidecar beside such a
 * file.
 */
export function isLocalFile(isLocal: (name: ProjectName) => boolean, path: WebPath): boolean {
  if (isBlobPath(path) && isHashedPath(path)) return false;
  const owner = ownerOfSidecar(path);
  const filename = owner === undefined ? filenameOf(path).replace(/\.(?:asc|sig)$/, '') : filenameOf(owner.file);
  return projectCandidates(filename).some(isLocal);
}

/** Returns true if pages of `name` belong here, or are about to be made. */
export function isKnownProject(state: StateStore, name: ProjectName): boolean {
  return state.queue.entryOf(name) !== undefined || state.held.isPublished(name);
}

function isHeldPath(state: StateStore, path: WebPath): boolean {
  if (state.held.file(path) !== undefined) return true;
  const owner = ownerOfSidecar(path);
  if (owner === undefined) return false;
  const file = state.held.file(owner.file);
  return file !== undefined && sidecars[owner.kind].isHeld(file);
}

function isExpected(state: StateStore, path: WebPath): boolean {
  return projectCandidates(filenameOf(fileOf(path))).some((name) => state.queue.entryOf(name) !== undefined);
}

/** Returns true if a file or sidecar may have this name. */
export function isFileOrSidecarName(path: WebPath): boolean {
  return isFileName(filenameOf(fileOf(path)));
}

/** Returns the file that `path` is, or whose sidecar it is. */
function fileOf(path: WebPath): WebPath {
  return ownerOfSidecar(path)?.file ?? path;
}

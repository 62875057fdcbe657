/** Finds out what a path under `packages/` belongs to. */
import type { ProjectName } from '../core/names.ts';
import {
  filenameOf,
  isBlobPath,
  isFileName,
  isHashedPath,
  metadataPath,
  provenancePath,
  type WebPath,
} from '../core/paths.ts';
import { projectCandidates } from '../formats/file-name.ts';
import type { StateStore } from '../state/state-store.ts';

const suffixes = [metadataPath('' as WebPath), provenancePath('' as WebPath)] as const;

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
  const filename = filenameOf(path).replace(/\.(?:metadata|provenance|asc|sig)$/, '');
  return projectCandidates(filename).some(isLocal);
}

/** Returns true if pages of `name` belong here, or are about to be made. */
export function isKnownProject(state: StateStore, name: ProjectName): boolean {
  return state.queued(name) !== undefined || state.heldProject(name).published;
}

function isHeldPath(state: StateStore, path: WebPath): boolean {
  if (state.heldFile(path) !== undefined) return true;
  const [metadata, provenance] = suffixes;
  if (path.endsWith(metadata)) return state.heldFile(beside(path, metadata))?.metadataSha256 !== undefined;
  return path.endsWith(provenance) && state.heldFile(beside(path, provenance))?.provenance === true;
}

function isExpected(state: StateStore, path: WebPath): boolean {
  const suffix = suffixes.find((known) => path.endsWith(known)) ?? '';
  return projectCandidates(filenameOf(beside(path, suffix))).some((name) => state.queued(name) !== undefined);
}

/** Returns true if a file or sidecar may have this name. */
export function isFileOrSidecarName(path: WebPath): boolean {
  const suffix = suffixes.find((known) => path.endsWith(known)) ?? '';
  return isFileName(filenameOf(beside(path, suffix)));
}

function beside(path: WebPath, suffix: string): WebPath {
  return path.slice(0, path.length - suffix.length) as WebPath;
}

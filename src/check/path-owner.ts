/** What a path under `packages/` belongs to. */
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

/** True when a held file accounts for what lies at `path`, or the next run may: its project is queued. */
export function isAccountedFor(state: StateStore, path: WebPath): boolean {
  return isHeldPath(state, path) || isExpected(state, path);
}

/** True for what somebody may have put there by hand, in a folder of his own, or we beside it. */
export function isLocalFile(isLocal: (name: ProjectName) => boolean, path: WebPath): boolean {
  if (isBlobPath(path) && isHashedPath(path)) return false;
  const filename = filenameOf(path).replace(/\.(?:metadata|provenance|asc|sig)$/, '');
  return projectCandidates(filename).some(isLocal);
}

/** True when pages of `name` belong here, or are about to be made. */
export function isKnownProject(state: StateStore, name: ProjectName): boolean {
  return state.queue.entryOf(name) !== undefined || state.held.project(name).published;
}

function isHeldPath(state: StateStore, path: WebPath): boolean {
  if (state.held.file(path) !== undefined) return true;
  const [metadata, provenance] = suffixes;
  if (path.endsWith(metadata)) return state.held.file(beside(path, metadata))?.metadataSha256 !== undefined;
  return path.endsWith(provenance) && state.held.file(beside(path, provenance))?.provenance === true;
}

function isExpected(state: StateStore, path: WebPath): boolean {
  const suffix = suffixes.find((known) => path.endsWith(known)) ?? '';
  return projectCandidates(filenameOf(beside(path, suffix))).some((name) => state.queue.entryOf(name) !== undefined);
}

/** True for the name that a file, or what lies beside one, may have. */
export function isFileOrSidecarName(path: WebPath): boolean {
  const suffix = suffixes.find((known) => path.endsWith(known)) ?? '';
  return isFileName(filenameOf(beside(path, suffix)));
}

function beside(path: WebPath, suffix: string): WebPath {
  return path.slice(0, path.length - suffix.length) as WebPath;
}

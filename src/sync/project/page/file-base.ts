/**
 * The file base: what the URLs of all of upstream's files have in common before their paths, such as
 * `https://files.example.org/`. With it a published page tells upstream's URLs, too.
 */
import { pathByHash, urlPath } from '../../../core/paths.ts';
import { pageState } from '../../../state/mirror-state.ts';
import { change } from '../../../state/state-section.ts';
import type { StateStore } from '../../../state/state-store.ts';
import type { PlannedFile } from '../files/plan-project.ts';

/** Returns the file base; empty if the URLs differ, undefined if none was seen yet. */
export function fileBaseIn(state: StateStore): string | undefined {
  return state.get(pageState).fileBase;
}

/** Records the URLs of upstream's files. */
export function noteFileBase(state: StateStore, files: readonly PlannedFile[]): void {
  const before = fileBaseIn(state);
  let base = before;
  for (const file of files) {
    const own = baseOf(file);
    if (own === undefined && isPathByHash(file)) continue;
    base = base === undefined || base === own ? (own ?? '') : '';
  }
  if (base !== before) state.set(change(pageState, { fileBase: base }));
}

/** Returns true if the path was made from the hash, so that it tells nothing about upstream's URL. */
function isPathByHash({ path, sha256, file }: PlannedFile): boolean {
  return path === pathByHash(sha256, file.filename);
}

/** Returns the part of the file's URL before its path, or undefined if the URL does not have the usual form. */
function baseOf({ url, path }: PlannedFile): string | undefined {
  const end = urlPath(path);
  return url.href.endsWith(end) ? url.href.slice(0, -end.length) : undefined;
}

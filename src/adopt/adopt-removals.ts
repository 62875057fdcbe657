/**
 * Adopts the contents of `removed.json` in a tree of our own: the log of removals, and the removed files that were
 * kept.
 */
import { throwIfPaused } from '../core/errors.ts';
import { ownPath, sidecarPath, type WebPath } from '../core/paths.ts';
import { parseRemovedList } from '../formats/mirror/removed-list.ts';
import type { HeldFile } from '../state/held-projects.ts';
import { indexState } from '../state/mirror-state.ts';
import { type Removal, removalKind } from '../state/removal-log.ts';
import { change } from '../state/state-section.ts';
import type { Adoption } from './adoption.ts';

/** Maximum size of a list that is read, in bytes. Our lists have ten thousand entries at most and are far smaller. */
const maxListBytes = 16 << 20;

/**
 * Adopts the removals. Must be called after the pages were adopted. Wrong entries of the list are skipped. Throws
 * StorageError.
 */
export async function adoptRemovals(adoption: Omit<Adoption, 'keepSerials'>): Promise<void> {
  const { state, files, signal } = adoption;
  const path = ownPath('removed.json');
  const size = await files.size(path);
  const bytes = size === undefined || size > maxListBytes ? undefined : await files.read(path);
  const removals = bytes === undefined ? [] : parseRemovedList(bytes.toString());
  state.removals.importRemovals(removals);
  let isAnyKept = false;
  for (const removal of removals) {
    throwIfPaused(signal);
    const kept = await keptFile(adoption, removal);
    if (kept === undefined) continue;
    state.held.addFiles(removal.project, [kept]);
    isAnyKept = true;
  }
  // By this flag the next run discovers kept files even if the rules no longer keep any.
  if (isAnyKept) state.set(change(indexState, { keepsRemoved: true }));
}

/** Returns the file of a removal, if it is still there unchanged and on no page. */
async function keptFile(
  { state, files }: Pick<Adoption, 'state' | 'files'>,
  { path, sha256, why }: Removal,
): Promise<HeldFile | undefined> {
  if (path === undefined || removalKind(why) !== 'removed' || state.held.holderOf(path) !== undefined) return undefined;
  const digest = await files.digest(path);
  if (digest === undefined || digest.sha256 !== sha256) return undefined;
  const metadata = await files.digest(sidecarPath(path, 'metadata'));
  return {
    path,
    size: digest.bytes,
    sha256,
    metadataSha256: metadata?.sha256,
    provenance: await isFile(files, sidecarPath(path, 'provenance')),
  };
}

async function isFile(files: Adoption['files'], path: WebPath): Promise<boolean> {
  return (await files.stat(path))?.kind === 'file';
}

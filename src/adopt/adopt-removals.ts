/** Takes over what `removed.json` of a tree of our own tells: the log of removals, and the files that were kept. */
import { throwIfPaused } from '../core/errors.ts';
import { metadataPath, ownPath, provenancePath, type WebPath } from '../core/paths.ts';
import { parseRemovedList } from '../formats/mirror/removed-list.ts';
import type { HeldFile } from '../state/held-projects.ts';
import { indexState } from '../state/mirror-state.ts';
import type { Removal } from '../state/removal-log.ts';
import { change } from '../state/state-section.ts';
import type { Adoption } from './adoption.ts';

/** No list that is ours comes near it: it has ten thousand entries at most. */
const maxListBytes = 16 << 20;

/** To be called once the pages are taken over. What the list does not tell right is passed over. Throws StorageError. */
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
  // Where nothing is to be kept any more, the next run finds it out by this.
  if (isAnyKept) state.set(change(indexState, { keepsRemoved: true }));
}

/** The file, if it is still there as it was, and on no page. */
async function keptFile(
  { state, files }: Pick<Adoption, 'state' | 'files'>,
  { path, sha256, why }: Removal,
): Promise<HeldFile | undefined> {
  if (path === undefined || why !== 'removed upstream' || state.held.holderOf(path) !== undefined) return undefined;
  const digest = await files.digest(path);
  if (digest === undefined || digest.sha256 !== sha256) return undefined;
  const metadata = await files.digest(metadataPath(path));
  return {
    path,
    size: digest.bytes,
    sha256,
    metadataSha256: metadata?.sha256,
    provenance: await isFile(files, provenancePath(path)),
  };
}

async function isFile(files: Adoption['files'], path: WebPath): Promise<boolean> {
  return (await files.stat(path))?.kind === 'file';
}

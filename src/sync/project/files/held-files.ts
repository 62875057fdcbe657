/** Checks, discards and sums up the files that a project holds. */
import type { ProjectName } from '../../../core/names.ts';
import { type WebPath, withSidecars } from '../../../core/paths.ts';
import { heldSidecars } from '../../../core/sidecars.ts';
import type { HeldFile } from '../../../state/held-projects.ts';
import type { Mirror } from '../../mirror.ts';

/** Returns those of `held` that are not in place with their size. */
export async function missingFiles(files: Mirror['files'], held: readonly HeldFile[]): Promise<HeldFile[]> {
  const isThere = async ({ path, size }: HeldFile): Promise<boolean> =>
    files.isRemote(path) || (await files.size(path)) === size;
  const found = await Promise.all(held.map(isThere));
  return held.filter((_, index) => found[index] !== true);
}

/**
 * Moves the pending files of the project `name` into the trash, unless they are in `keep`. Pending files were published
 * by a run that was killed before it could remember them, or were forgotten by a check because they are damaged.
 */
export async function discardPendingFiles(
  { files, state }: Mirror,
  name: ProjectName,
  keep: ReadonlySet<WebPath>,
): Promise<void> {
  const strays = state.held
    .pendingFiles(name)
    .filter((path) => !keep.has(path) && state.held.holderOf(path) === undefined);
  const paths = strays.flatMap((path) => withSidecars(path));
  if (paths.length > 0) await files.discard(paths);
}

/** Moves the files with their sidecars into the trash, once the discarding of the folders in `first` is durable. */
export async function discardFiles(
  { files, report }: Mirror,
  held: readonly HeldFile[],
  first: WebPath[] = [],
): Promise<void> {
  const paths = held.flatMap((file) => withSidecars(file.path, heldSidecars(file)));
  if (first.length > 0) await files.discardFolders(first);
  if (paths.length > 0) await files.discard(paths);
  for (const { path } of held) report({ type: 'file-removed', path });
}

/** Returns the total size of the files in bytes. */
export function bytesOf(files: readonly HeldFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

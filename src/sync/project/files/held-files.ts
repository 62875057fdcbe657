/** What is done with the files that a project holds. */
import type { ProjectName } from '../../../core/names.ts';
import { type WebPath, withSidecars } from '../../../core/paths.ts';
import { heldSidecars } from '../../../core/sidecars.ts';
import type { HeldFile } from '../../../state/held-projects.ts';
import type { Mirror } from '../../mirror.ts';

/** Those of `held` that do not lie in their place with their size. */
export async function missingFiles(files: Mirror['files'], held: readonly HeldFile[]): Promise<HeldFile[]> {
  const found = await Promise.all(held.map(async (file) => (await files.size(file.path)) === file.size));
  return held.filter((_, index) => found[index] !== true);
}

/**
 * Moves what may lie about of the project `name` into the trash, unless it is `wanted`: files that a run published which
 * was killed before it could remember them, or that a check forgot because they are damaged.
 */
export async function discardPendingFiles(
  { files, state }: Mirror,
  name: ProjectName,
  wanted: ReadonlySet<WebPath>,
): Promise<void> {
  const strays = state.held
    .pendingFiles(name)
    .filter((path) => !wanted.has(path) && state.held.holderOf(path) === undefined);
  const paths = strays.flatMap((path) => withSidecars(path));
  if (paths.length > 0) await files.discard(paths);
}

/** Moves the files with their sidecars into the trash, once what comes `first` is surely there. */
export async function discardFiles(
  { files, report }: Mirror,
  held: readonly HeldFile[],
  first: WebPath[] = [],
): Promise<void> {
  const paths = held.flatMap((file) => withSidecars(file.path, heldSidecars(file)));
  if (first.length > 0) await files.discard(first);
  if (paths.length > 0) await files.discard(paths);
  for (const { path } of held) report({ type: 'file-removed', path });
}

/** How many bytes the files are. */
export function bytesOf(files: readonly HeldFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

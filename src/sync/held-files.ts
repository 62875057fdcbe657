/** What is done with the files that a project holds. */
import { metadataPath, provenancePath, type WebPath } from '../core/paths.ts';
import type { HeldFile } from '../state/state-store.ts';
import type { Mirror } from './mirror.ts';

/** Those of `held` that do not lie in their place with their size. */
export async function missing(files: Mirror['files'], held: readonly HeldFile[]): Promise<HeldFile[]> {
  const found = await Promise.all(held.map(async (file) => (await files.size(file.path)) === file.size));
  return held.filter((_, index) => found[index] !== true);
}

/** Moves the files with their companions into the trash, after what comes `first`. */
export async function discardFiles(
  { files, report }: Mirror,
  held: readonly HeldFile[],
  first: WebPath[] = [],
): Promise<void> {
  const paths = held.flatMap(({ path, metadataSha256, provenance }) => [
    path,
    ...(metadataSha256 === undefined ? [] : [metadataPath(path)]),
    ...(provenance ? [provenancePath(path)] : []),
  ]);
  if (first.length + paths.length === 0) return;
  await files.discard([...first, ...paths]);
  for (const { path } of held) report({ type: 'file-removed', path });
}

/** How many bytes the files are. */
export function bytesOf(files: readonly HeldFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** The entries of pages that this mirror has published. */
import type { ProjectName } from '../core/names.ts';
import { blobPath, type WebPath } from '../core/paths.ts';
import type { SimpleFile } from '../formats/simple/simple-json.ts';

/**
 * The relative path from `simple/<project>/` to the files. All other links lead elsewhere, as on mirrors of only the
 * index.
 */
const toFiles = '../../packages/';

/** Returns true if the entry links to a file on this mirror. */
export function isOurs({ url }: SimpleFile): boolean {
  return url.startsWith(toFiles);
}

/** Returns the path of the file of an entry on the page of `name`, or undefined if a mirror cannot have such a file. */
export function pathOf({ url, filename }: SimpleFile, name: ProjectName): WebPath | undefined {
  const base = `https://mirror.invalid/simple/${name}/`;
  return URL.canParse(url, base) ? blobPath(new URL(url, base), filename) : undefined;
}

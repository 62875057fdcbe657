/** The entries of a page that this mirror has published. */
import type { ProjectName } from '../core/names.ts';
import { blobPath, type WebPath } from '../core/paths.ts';
import type { SimpleFile } from '../formats/simple/simple-json.ts';

/** From `simple/<project>/` to the files; every other link leads to another place, as on mirrors of the index only. */
const toFiles = '../../packages/';

/** True when the entry says that the file is here. */
export function isOurs({ url }: SimpleFile): boolean {
  return url.startsWith(toFiles);
}

/** The path of the file that an entry on the page of `name` speaks of; undefined when a mirror cannot have it. */
export function pathOf({ url, filename }: SimpleFile, name: ProjectName): WebPath | undefined {
  const base = `https://mirror.invalid/simple/${name}/`;
  return URL.canParse(url, base) ? blobPath(new URL(url, base), filename) : undefined;
}

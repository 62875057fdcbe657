/** Publishes pages for people, but for those in whose place somebody has put a page of their own. */
import { folderOf, type OwnFile, ownPath, type WebPath } from '../core/paths.ts';
import type { FileStore, Write } from '../files/file-store.ts';
import { madeHere } from './layout.ts';
import { siteScript } from './script.ts';
import { siteIcon, siteStyle } from './style.ts';

/** A file of the site. */
export interface SiteFile {
  readonly path: Extract<OwnFile, `${string}.html` | `site.${string}`>;
  readonly text: string;
}

/** The number of bytes at the beginning of a file within which the line stands that marks it as ours. */
const markWithin = 300;

/** A line of the page that earlier versions published as index.html, without the mark. */
const earlierLandingPage = 'Start of the last complete run (UTC)</a></li>';

/**
 * Publishes `pages` and the files that all pages need. What is there already and what somebody has replaced is left
 * alone. Resolves with the paths in whose place something else than a file lies, or whose folder is none: each costs
 * only its own page. Throws StorageError.
 */
export async function publishSite(files: FileStore, pages: readonly SiteFile[]): Promise<readonly WebPath[]> {
  const shared: readonly SiteFile[] = [
    { path: 'site.css', text: siteStyle },
    { path: 'site.js', text: siteScript },
    { path: 'site.svg', text: siteIcon },
  ];
  const writes: Write[] = [];
  const blocked: WebPath[] = [];
  for (const { path, text } of [...shared, ...pages]) {
    const body = Buffer.from(text);
    const obstacle = await obstacleOf(files, ownPath(path));
    if (obstacle !== undefined) {
      blocked.push(obstacle);
      continue;
    }
    const present = await files.read(ownPath(path));
    if (present === undefined || (isOurs(present) && !present.equals(body))) writes.push({ path: ownPath(path), body });
  }
  if (writes.length > 0) await files.publish(writes);
  return blocked;
}

/** Returns the path of what lies in the way of a file at `path`, if anything does. */
async function obstacleOf(files: FileStore, path: WebPath): Promise<WebPath | undefined> {
  const folder = folderOf(path);
  const kind = folder === undefined ? undefined : (await files.stat(folder))?.kind;
  if (kind !== undefined && kind !== 'folder') return folder;
  return (await files.stat(path))?.kind === 'folder' ? path : undefined;
}

function isOurs(body: Buffer): boolean {
  return body.subarray(0, markWithin).includes(madeHere) || body.includes(earlierLandingPage);
}

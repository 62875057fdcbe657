/** Publishes pages for people, but for those in whose place somebody has put a page of their own. */
import { type OwnFile, ownPath } from '../core/paths.ts';
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
 * alone. Throws StorageError.
 */
export async function publishSite(files: FileStore, pages: readonly SiteFile[]): Promise<void> {
  const shared: readonly SiteFile[] = [
    { path: 'site.css', text: siteStyle },
    { path: 'site.js', text: siteScript },
    { path: 'site.svg', text: siteIcon },
  ];
  const writes: Write[] = [];
  for (const { path, text } of [...shared, ...pages]) {
    const body = Buffer.from(text);
    const present = await files.read(ownPath(path));
    if (present === undefined || (isOurs(present) && !present.equals(body))) writes.push({ path: ownPath(path), body });
  }
  if (writes.length > 0) await files.publish(writes);
}

function isOurs(body: Buffer): boolean {
  return body.subarray(0, markWithin).includes(madeHere) || body.includes(earlierLandingPage);
}

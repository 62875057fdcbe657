/**
 * The FileStore of a check: what lies in the bucket is looked up in a listing, a thousand objects a request, instead of
 * asking for each. All else, and all that changes something, goes to the store itself.
 */
import { childPath, type WebPath } from '../../core/paths.ts';
import { delegate } from '../delegate.ts';
import type { Entry, FileStore, Stat } from '../file-store.ts';
import type { ObjectJournal } from '../object-journal.ts';
import type { ObjectListing } from '../object-listing.ts';
import { contentOf } from './s3-file-store.ts';

/** Returns the store `live`, whose objects are looked up in `listing`. */
export function listed(live: FileStore, listing: ObjectListing, journal: ObjectJournal): FileStore {
  return delegate(live, { size, stat, entries });

  async function size(path: WebPath): Promise<number | undefined> {
    return live.isRemote(path) ? (await stat(path))?.size : live.size(path);
  }

  async function stat(path: WebPath): Promise<Stat | undefined> {
    if (!live.isRemote(path)) return live.stat(path);
    const found = isGone(path) ? undefined : listing.find(path);
    if (found !== undefined) {
      const content = contentOf(journal.etagOf(path), found.etag);
      return { kind: 'file', size: found.bytes, mtimeMs: found.modifiedMs, content };
    }
    for (const _ of listing.entries(path)) return { kind: 'folder', size: 0, mtimeMs: 0 };
    return undefined;
  }

  async function* entries(folder: WebPath): AsyncIterable<Entry> {
    if (!live.isRemote(folder)) yield* live.entries(folder);
    else
      for (const entry of listing.entries(folder))
        if (entry.kind === 'folder' || !isGone(childPath(folder, entry.name))) yield entry;
  }

  /** Returns true if the file is to be deleted, and its object is there only for pages in caches. */
  function isGone(path: WebPath): boolean {
    return path.startsWith('packages/') && journal.isToBeDeleted(path);
  }
}

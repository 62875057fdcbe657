/** Makes the files of the change feed (formats/mirror/change-feed.ts) from the published changes in the state. */
import { NonsenseError } from '../core/errors.ts';
import { ownPath } from '../core/paths.ts';
import type { FileStore } from '../files/file-store.ts';
import {
  changesPerPiece,
  completePieces,
  type FeedChange,
  type FeedHead,
  oldestOf,
  parseFeedHead,
  releasesOf,
  renderFeedHead,
  renderFeedPiece,
} from '../formats/mirror/change-feed.ts';
import type { PublishedChange, PublishedChanges } from '../state/published-changes.ts';

export const feedHeadPath = ownPath('changes.json');

/** Returns the head of the published feed, or undefined if there is none that can be read. Throws StorageError. */
export async function publishedHead(files: FileStore): Promise<FeedHead | undefined> {
  const body = await files.read(feedHeadPath);
  try {
    return body && parseFeedHead(body.toString(), feedHeadPath);
  } catch (error) {
    if (error instanceof NonsenseError) return undefined;
    throw error;
  }
}

/** Returns the file with the latest changes, up to number `last`. */
export function feedHeadOf(changes: PublishedChanges, { id, serial, last, listed }: HeadPosition): Buffer {
  const latest = changesAfter(changes, completePieces(last) * changesPerPiece, last);
  return Buffer.from(renderFeedHead({ id, serial, oldest: oldestOf(last), listed, last, changes: latest }));
}

type HeadPosition = Pick<FeedHead, 'id' | 'serial' | 'last' | 'listed'>;

/** Returns the file of a complete piece. */
export function feedPieceOf(changes: PublishedChanges, id: string, piece: number): Buffer {
  const before = piece * changesPerPiece;
  const last = before + changesPerPiece;
  return Buffer.from(renderFeedPiece({ id, first: before + 1, last, changes: changesAfter(changes, before, last) }));
}

/** Returns the changes with numbers above `before`, up to `last`. */
function changesAfter(changes: PublishedChanges, before: number, last: number): FeedChange[] {
  return changes.after(before, last - before).map(toFeed);
}

function toFeed({ project, quarantined, ...change }: PublishedChange): FeedChange {
  return { ...change, name: project, quarantined: releasesOf(quarantined, project) };
}

/**
 * Publishes the change feed (formats/mirror/change-feed.ts), from which other mirrors discover what has changed here.
 */
import type { Write } from '../../files/file-store.ts';
import { completePieces, oldestOf, piecePath } from '../../formats/mirror/change-feed.ts';
import { feedHeadOf, feedHeadPath, feedPieceOf, publishedHead } from '../../pages/change-feed.ts';
import { indexState, serialState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { Mirror } from '../mirror.ts';

const piecesAtATime = 20;

type FeedOwner = Pick<Mirror, 'state' | 'files'>;

/**
 * Publishes the changes that the feed does not have yet, or the whole feed if a check has found damage. Does nothing if
 * the feed is complete. Throws StorageError.
 */
export async function publishChangeFeed(mirror: FeedOwner): Promise<void> {
  const { state, files } = mirror;
  const { changesTold: remembered, changesListed = 0, changesDue = false } = state.get(indexState);
  const isThere = !changesDue && (await files.size(feedHeadPath)) !== undefined;
  if (
    isThere &&
    remembered?.id === state.publishedChanges.id() &&
    remembered.last === state.publishedChanges.last() &&
    remembered.listed === changesListed
  )
    return;
  const found = await publishedHead(files);
  const rememberedLast = remembered?.id === state.publishedChanges.id() ? remembered.last : 0;
  // The published feed is newer than the state. Other mirrors may have read numbers that this state will give to other
  // changes, so the feed begins anew.
  if (found?.id === state.publishedChanges.id() && found.last > rememberedLast) restartChangeFeed(mirror);
  const [id, last] = [state.publishedChanges.id(), state.publishedChanges.last()];
  const isAsRemembered = !changesDue && found?.id === id && found.last === rememberedLast;
  await publishPieces(mirror, id, isAsRemembered ? completePieces(rememberedLast) : 0, last);
  const { serial } = state.get(serialState);
  const { changesListed: listed = 0 } = state.get(indexState);
  await files.publish([{ path: feedHeadPath, body: feedHeadOf(state.publishedChanges, { id, serial, last, listed }) }]);
  state.set(change(indexState, { changesTold: { id, last, listed }, changesDue: undefined }));
}

/** Begins the feed anew because other mirrors may have read a newer one than the state knows. Throws StorageError. */
export function restartChangeFeed({ state }: Pick<Mirror, 'state'>): void {
  state.publishedChanges.renew();
  state.set(change(indexState, { changesTold: undefined, changesListed: undefined }));
}

/** Publishes the complete pieces from `from` on that still exist, before the head of the feed names them. */
async function publishPieces({ state, files }: FeedOwner, id: string, from: number, last: number): Promise<void> {
  const end = completePieces(last);
  let writes: Write[] = [];
  for (let piece = Math.max(from, completePieces(oldestOf(last))); piece < end; piece += 1) {
    writes.push({ path: piecePath(piece), body: feedPieceOf(state.publishedChanges, id, piece) });
    if (writes.length < piecesAtATime && piece + 1 < end) continue;
    await files.publish(writes);
    writes = [];
  }
}

/** Fetches the change feed of a mirror of our kind. */
import {
  type FeedPiece,
  maxPieceBytes,
  parseFeedHead,
  parseFeedPiece,
  piecePath,
} from '../../formats/mirror/change-feed.ts';
import type { ServedFeed } from '../upstream.ts';
import { textOf } from './body-text.ts';
import { isEtag } from './etag.ts';
import type { HttpRequest, HttpResponse } from './http-client.ts';

/** Sends a request, with retries, until an answer has one of the statuses. */
type Ask = (request: HttpRequest, expected: readonly number[]) => Promise<HttpResponse>;

/** Headers that make caches ask the mirror: with a stale copy the numbers of the changes would go back. */
const fresh = { accept: 'application/json', 'accept-encoding': 'gzip', 'cache-control': 'no-cache' };

/**
 * Fetches the latest changes of the mirror at `base`. Returns 'unchanged' if they are those of `etag`, and undefined if
 * the mirror has no feed.
 */
export async function fetchFeed(
  base: string,
  etag: string | undefined,
  ask: Ask,
): Promise<ServedFeed | 'unchanged' | undefined> {
  const url = new URL(`${base}/changes.json`);
  const condition = isEtag(etag) ? { 'if-none-match': etag } : {};
  const request = { url, headers: { ...fresh, ...condition }, maxBytes: maxPieceBytes };
  const { status, headers, body } = await ask(request, [200, ...(isEtag(etag) ? [304] : []), 404, 410]);
  if (status === 304) return 'unchanged';
  if (status !== 200) return undefined;
  return { ...parseFeedHead(textOf(body, url.href), url.href), etag: headers.etag };
}

/**
 * Fetches the changes from number 256 × `piece` + 1 on of the feed `id`. Returns undefined if that piece does not
 * exist, or no longer.
 */
export async function fetchFeedPiece(
  base: string,
  id: string,
  piece: number,
  ask: Ask,
): Promise<FeedPiece | undefined> {
  const url = new URL(`${base}/${piecePath(piece)}`);
  const { status, body } = await ask({ url, headers: fresh, maxBytes: maxPieceBytes }, [200, 404, 410]);
  return status === 200 ? parseFeedPiece(textOf(body, url.href), id, piece, url.href) : undefined;
}

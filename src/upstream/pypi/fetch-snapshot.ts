/** Fetches the signed snapshot of a mirror of our kind. It is small, and not verified here. */
import { maxSnapshotBytes } from '../../formats/mirror/snapshot.ts';
import type { ServedSnapshot } from '../upstream.ts';
import type { HttpRequest, HttpResponse } from './http-client.ts';

/** Sends a request, with retries, until there is an answer. */
type Ask = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * Fetches the snapshot of the mirror at `base`. Returns undefined if one of its two files is missing. Throws
 * NonsenseError if it is too large.
 */
export async function fetchSnapshot(base: string, ask: Ask): Promise<ServedSnapshot | undefined> {
  const url = new URL(`${base}/snapshot.json`);
  const body = await fetchSmall(url, ask);
  const signature = body && (await fetchSmall(new URL(`${url.href}.sig`), ask));
  return signature && { url, body, signature };
}

async function fetchSmall(url: URL, ask: Ask): Promise<Buffer | undefined> {
  // An old copy would be refused, so caches must not answer.
  const headers = { accept: '*/*', 'accept-encoding': 'identity', 'cache-control': 'no-cache' };
  const { status, body } = await ask({ url, headers, maxBytes: maxSnapshotBytes });
  return status === 200 ? body : undefined;
}

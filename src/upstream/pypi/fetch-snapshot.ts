/** Fetches what a mirror of our kind has signed. It is small, and nothing of it is believed yet. */
import { largestSnapshot } from '../../formats/mirror/snapshot.ts';
import type { ServedSnapshot } from '../upstream.ts';
import type { HttpRequest, HttpResponse } from './http-client.ts';

/** Asks until there is an answer. */
type Ask = (request: HttpRequest) => Promise<HttpResponse>;

/** The snapshot of the mirror at `base`; undefined when it lacks one of the two files. Throws NonsenseError when too large. */
export async function fetchSnapshot(base: string, ask: Ask): Promise<ServedSnapshot | undefined> {
  const url = new URL(`${base}/snapshot.json`);
  const body = await fetchSmall(url, ask);
  const signature = body && (await fetchSmall(new URL(`${url.href}.sig`), ask));
  return signature && { url, body, signature };
}

async function fetchSmall(url: URL, ask: Ask): Promise<Buffer | undefined> {
  // An old one would be refused: a cache on the way must not answer.
  const headers = { accept: '*/*', 'accept-encoding': 'identity', 'cache-control': 'no-cache' };
  const { status, body } = await ask({ url, headers, maxBytes: largestSnapshot });
  return status === 200 ? body : undefined;
}

/** Fetches what a mirror of our kind has signed. It is small, and nothing of it is believed yet. */
import { NonsenseError } from '../../core/errors.ts';
import { largestSnapshot } from '../../formats/snapshot.ts';
import type { ServedSnapshot } from '../upstream.ts';
import type { BodyReceiver, ChooseReceiver, HttpAnswer, HttpRequest } from './http-client.ts';

/** Asks until there is an answer; `choose` makes a new receiver for each try. */
type Ask = (request: HttpRequest, choose: () => ChooseReceiver) => Promise<HttpAnswer>;

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
  let pieces: Buffer[] = [];
  const { status } = await ask({ url, headers }, () => {
    pieces = [];
    return (found) => (found === 200 ? collect(url, pieces) : undefined);
  });
  return status === 200 ? Buffer.concat(pieces) : undefined;
}

function collect(url: URL, pieces: Buffer[]): BodyReceiver {
  let bytes = 0;
  return (piece) => {
    bytes += piece.length;
    if (bytes > largestSnapshot) throw new NonsenseError(`${url}: larger than ${largestSnapshot} bytes`);
    pieces.push(piece);
  };
}

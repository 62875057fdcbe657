/**
 * Keeps pages compressed until there is memory for their content. To measure how much they need, the content is first
 * unpacked in small chunks.
 */
import { once } from 'node:events';
import { createGunzip } from 'node:zlib';
import { JsonScale } from '../../formats/simple/json-weight.ts';
import { type HttpResponse, inflate, maxBodyBytes, unreadable } from './http-client.ts';

/** Compressed size in bytes below which unpacking all at once does no harm. */
const inflateHere = 4 << 10;

/** Returns the memory in bytes that the body of `answer` needs once it is parsed. Throws NonsenseError. */
export async function weightOf({ body, packed }: HttpResponse, url: URL): Promise<number> {
  const scale = new JsonScale();
  if (packed !== true) scale.add(body);
  else if (body.length <= inflateHere) scale.add(await inflate(body, { url }));
  else await weighUnfolding(body, url, scale);
  return scale.weight;
}

async function weighUnfolding(body: Buffer, url: URL, scale: JsonScale): Promise<void> {
  const unfolding = createGunzip({ chunkSize: 1 << 16 });
  unfolding.on('data', (chunk: Buffer) => {
    scale.add(chunk);
    if (scale.bytes > maxBodyBytes) unfolding.destroy(new Error('it is larger'));
  });
  try {
    unfolding.end(body);
    await once(unfolding, 'end');
  } catch (cause) {
    throw unreadable(url, maxBodyBytes, cause);
  }
}

/** Returns the uncompressed body of `answer`. Throws NonsenseError. */
export async function unpacked({ body, packed }: HttpResponse, url: URL): Promise<Buffer> {
  return packed === true ? inflate(body, { url }) : body;
}

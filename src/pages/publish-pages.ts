/** Writes the pages of a project: JSON, the HTML derived from it, and their compressed twins. */
import { gunzipSync, gzip, gzipSync } from 'node:zlib';
import { sha256Hex } from '../core/hash.ts';
import type { ProjectName } from '../core/names.ts';
import { type PageFile, pagePath, type WebPath } from '../core/paths.ts';
import type { FileStore, Write } from '../files/file-store.ts';
import { renderSimpleHtml } from '../formats/simple/simple-html.ts';
import { type PublishedFile, renderSimpleJson, type SimplePage } from '../formats/simple/simple-json.ts';
import type { PageHashes } from '../state/page-hashes.ts';

/** Size in bytes of a network packet. A page that fits into one does not arrive earlier if it is compressed. */
const packetBytes = 1400;
/** Size in bytes below which compression in this thread costs less than in another one. */
const compressHere = 16 << 10;
const level = 6;

/**
 * Returns true if a page of this size has a compressed twin. In a bucket all have, so that none is asked for in vain.
 */
export function hasTwin(bytes: number, isRemote: boolean): boolean {
  return isRemote || bytes > packetBytes;
}

/** Returns true if `twin` belongs to the page `body`. Undefined is right for a page that has no twin. */
export function isTwinOf(twin: Buffer | undefined, body: Buffer, isRemote: boolean): boolean {
  if (twin === undefined || !hasTwin(body.length, isRemote))
    return twin === undefined && !hasTwin(body.length, isRemote);
  try {
    // One piece is enough, and most are much smaller than the 16 KiB that each has by default.
    const bytes = body.length + 1;
    return gunzipSync(twin, { maxOutputLength: bytes, chunkSize: Math.max(bytes, 64) }).equals(body);
  } catch {
    return false;
  }
}

/**
 * Publishes the pages of `name` that differ from the tree, or all where a look is a request. The twin is published
 * before its page: after a run that was killed between the two, the page still differs and is published again. Resolves
 * to the hashes of the pages.
 */
export async function publishPages(
  store: FileStore,
  name: ProjectName,
  page: SimplePage,
  published: readonly PublishedFile[],
  isNew: boolean,
): Promise<PageHashes> {
  const html = Buffer.from(renderSimpleHtml(page, published));
  const json = Buffer.from(renderSimpleJson(page, published));
  const forms: [PageFile, PageFile, Buffer][] = [
    ['index.html', 'index.html.gz', html],
    ['index.v1_json', 'index.v1_json.gz', json],
  ];
  const writes: Write[] = [];
  for (const [plain, twin, body] of forms) {
    const path = pagePath(plain, name);
    const twinPath = pagePath(twin, name);
    const isRemote = store.isRemote(path);
    if (!isNew && !isRemote && (await isThere(store, path, twinPath, body))) continue;
    if (hasTwin(body.length, isRemote)) writes.push({ path: twinPath, body: await compress(body) });
    // Even a new project may have a twin, left by a run that was killed.
    else if ((await store.size(twinPath)) !== undefined) await store.discard([twinPath]);
    writes.push({ path, body });
  }
  if (writes.length > 0) await store.publish(writes);
  return { html: sha256Hex(html), json: sha256Hex(json) };
}

/** Returns the twin that a page has in its place: `known` if it is right, else one that is made anew, if it has any. */
export async function twinOf(body: Buffer, known: Buffer | undefined, isRemote: boolean): Promise<Buffer | undefined> {
  if (!hasTwin(body.length, isRemote)) return undefined;
  return isTwinOf(known, body, isRemote) ? known : compress(body);
}

async function isThere(store: FileStore, path: WebPath, twinPath: WebPath, body: Buffer): Promise<boolean> {
  return (await store.read(path))?.equals(body) === true && isTwinOf(await store.read(twinPath), body, false);
}

async function compress(body: Buffer): Promise<Buffer> {
  if (body.length < compressHere) return gzipSync(body, { level });
  return new Promise((resolve, reject) => {
    gzip(body, { level }, (error, compressed) => (error === null ? resolve(compressed) : reject(error)));
  });
}

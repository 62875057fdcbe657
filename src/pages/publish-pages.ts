/** Writes the pages of a project: JSON, the HTML derived from it, and their compressed twins. */
import { gunzipSync, gzip, gzipSync } from 'node:zlib';
import { sha256Hex } from '../core/hash.ts';
import type { ProjectName } from '../core/names.ts';
import { type PageFile, pagePath, type WebPath } from '../core/paths.ts';
import type { FileStore, Write } from '../files/file-store.ts';
import { renderSimpleHtml } from '../formats/simple/simple-html.ts';
import { type PublishedFile, renderSimpleJson, type SimplePage } from '../formats/simple/simple-json.ts';
import type { PageHashes } from '../state/page-hashes.ts';

/** What fits into one network packet does not arrive earlier when it is compressed. */
const packetBytes = 1400;
/** Below this many bytes compressing at once costs less than handing it to another thread. */
const compressHere = 16 << 10;
const level = 6;

/** Whether a page of so many bytes has a compressed twin. */
export function hasTwin(bytes: number): boolean {
  return bytes > packetBytes;
}

/** Whether `twin` is what belongs beside the page `body`; undefined stands for none. */
export function isTwinOf(twin: Buffer | undefined, body: Buffer): boolean {
  if (twin === undefined || !hasTwin(body.length)) return twin === undefined && !hasTwin(body.length);
  try {
    return gunzipSync(twin, { maxOutputLength: body.length + 1 }).equals(body);
  } catch {
    return false;
  }
}

/**
 * Publishes the pages of `name` where they differ from what is there. The twin goes before its page: a run that is
 * killed between the two finds the page unchanged only if the twin is right. Resolves with the hashes of the pages.
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
    if (!isNew && (await isThere(store, path, twinPath, body))) continue;
    if (hasTwin(body.length)) writes.push({ path: twinPath, body: await compress(body) });
    // Of a new project, too: a run that was killed may have left one.
    else if ((await store.size(twinPath)) !== undefined) await store.discard([twinPath]);
    writes.push({ path, body });
  }
  if (writes.length > 0) await store.publish(writes);
  return { html: sha256Hex(html), json: sha256Hex(json) };
}

async function isThere(store: FileStore, path: WebPath, twinPath: WebPath, body: Buffer): Promise<boolean> {
  return (await store.read(path))?.equals(body) === true && isTwinOf(await store.read(twinPath), body);
}

async function compress(body: Buffer): Promise<Buffer> {
  if (body.length < compressHere) return gzipSync(body, { level });
  return new Promise((resolve, reject) => {
    gzip(body, { level }, (error, compressed) => (error === null ? resolve(compressed) : reject(error)));
  });
}

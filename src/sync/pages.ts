/** Writes the pages of a project: JSON, the HTML derived from it, and their compressed twins. */
import { gzip, gzipSync } from 'node:zlib';
import type { ProjectName } from '../core/names.ts';
import { type PageFile, pagePath, provenancePath, urlPath } from '../core/paths.ts';
import type { FileStore, Write } from '../files/file-store.ts';
import { renderSimpleHtml } from '../formats/simple-html.ts';
import { type PublishedFile, renderSimpleJson, type SimplePage } from '../formats/simple-json.ts';
import type { HeldFile } from '../state/state-store.ts';
import type { SyncSettings } from './mirror.ts';
import type { PlannedFile } from './plan.ts';

/** What fits into one network packet does not arrive earlier when it is compressed. */
const packetBytes = 1400;
/** Below this many bytes compressing at once costs less than handing it to another thread. */
const compressHere = 16 << 10;
const level = 6;

/** How a file of the plan is published: from this mirror, or with `held` undefined from upstream. */
export function publishedFile(
  { file, url, path, sha256 }: PlannedFile,
  held: HeldFile | undefined,
  { baseUrl }: SyncSettings,
): PublishedFile {
  if (held === undefined) {
    return { file, url: url.href, metadataSha256: file.metadataSha256, provenance: file.provenance };
  }
  // PEP 740 wants a full URL on a secure origin, so our own copy is linked only where we know our address.
  const own = held.provenance && baseUrl !== undefined ? `${baseUrl}/${urlPath(provenancePath(path))}` : undefined;
  const provenance = file.provenance === undefined ? undefined : (own ?? file.provenance);
  return {
    file: { ...file, sha256 },
    url: `../../${urlPath(path)}`,
    metadataSha256: held.metadataSha256,
    provenance,
  };
}

/**
 * Publishes the pages of `name` where they differ from what is there. The twin goes before its page: a run that is
 * killed between the two finds the page unchanged only if the twin is right.
 */
export async function publishPages(
  store: FileStore,
  name: ProjectName,
  page: SimplePage,
  published: readonly PublishedFile[],
  isNew: boolean,
): Promise<boolean> {
  const forms: [PageFile, PageFile, Buffer][] = [
    ['index.html', 'index.html.gz', Buffer.from(renderSimpleHtml(page, published))],
    ['index.v1_json', 'index.v1_json.gz', Buffer.from(renderSimpleJson(page, published))],
  ];
  const writes: Write[] = [];
  for (const [plain, twin, body] of forms) {
    const path = pagePath(plain, name);
    if (!isNew && (await store.read(path))?.equals(body)) continue;
    const twinPath = pagePath(twin, name);
    if (body.length > packetBytes) writes.push({ path: twinPath, body: await compress(body) });
    else if (!isNew && (await store.size(twinPath)) !== undefined) await store.discard([twinPath]);
    writes.push({ path, body });
  }
  if (writes.length > 0) await store.publish(writes);
  return writes.length > 0;
}

async function compress(body: Buffer): Promise<Buffer> {
  if (body.length < compressHere) return gzipSync(body, { level });
  return new Promise((resolve, reject) => {
    gzip(body, { level }, (error, compressed) => (error === null ? resolve(compressed) : reject(error)));
  });
}

/** Compares a file that lies in a tree with what its page says of it. */
import { blobPath, isHashedPath, metadataPath, provenancePath, type WebPath } from '../core/paths.ts';
import type { FileStore } from '../files/file-store.ts';
import { isJsonObject } from '../formats/json.ts';
import type { SimpleFile } from '../formats/simple/simple-json.ts';
import type { HeldFile } from '../state/held-projects.ts';
import { treeOrigin } from './tree-page.ts';

/** What became of a link: a file that is right, one that is not (why), none, or a place outside of the tree. */
export type Verified =
  | { readonly kind: 'held'; readonly held: HeldFile }
  | { readonly kind: 'damaged'; readonly path: WebPath; readonly why: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'outside' };

/**
 * Looks at the file that `file`, linked as `url`, stands for. Without a hash to compare, what is there counts, but not
 * where upstream will name the hash of that very path: the run that learns it looks at the file again.
 */
export async function verifyFile(files: FileStore, file: SimpleFile, url: URL): Promise<Verified> {
  const path = blobPath(url, file.filename);
  const stat = path === undefined ? undefined : await files.stat(path);
  if (path === undefined || stat === undefined) return { kind: url.origin === treeOrigin ? 'missing' : 'outside' };
  const damaged = (why: string): Verified => ({ kind: 'damaged', path, why });
  if (stat.kind !== 'file') return damaged('not a regular file');
  if (file.size !== undefined && file.size !== stat.size)
    return damaged(`size: expected ${file.size}, found ${stat.size}`);
  const { sha256, md5 } = expectedHashes(file);
  if ((sha256 ?? md5) === undefined && isHashedPath(path)) return { kind: 'missing' };
  const found = await files.digest(path, sha256 === undefined && md5 !== undefined ? 'md5' : undefined);
  if (found === undefined) return { kind: 'missing' };
  if (sha256 !== undefined && found.sha256 !== sha256)
    return damaged(`sha256: expected ${sha256}, found ${found.sha256}`);
  if (found.md5 !== undefined && found.md5 !== md5) return damaged(`md5: expected ${md5}, found ${found.md5}`);
  const held = { path, size: found.bytes, sha256: found.sha256, ...(await keptSidecars(files, file, path)) };
  return { kind: 'held', held };
}

function expectedHashes({ sha256, json }: SimpleFile): { sha256: string | undefined; md5: string | undefined } {
  const md5 = isJsonObject(json.hashes) ? json.hashes.md5 : undefined;
  return { sha256, md5: typeof md5 === 'string' ? md5.toLowerCase() : undefined };
}

/** What of the files beside it can be kept. */
async function keptSidecars(
  files: FileStore,
  { metadataSha256 }: SimpleFile,
  path: WebPath,
): Promise<Pick<HeldFile, 'metadataSha256' | 'provenance'>> {
  const metadata = metadataSha256 === undefined ? undefined : await files.digest(metadataPath(path));
  return {
    metadataSha256: metadata?.sha256 === metadataSha256 ? metadataSha256 : undefined,
    provenance: (await files.stat(provenancePath(path)))?.kind === 'file',
  };
}

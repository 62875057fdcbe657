/** Compares a file in a tree with the entry of its page. */
import { blobPath, isHashedPath, sidecarPath, type WebPath } from '../core/paths.ts';
import type { FileStore } from '../files/file-store.ts';
import { isJsonObject } from '../formats/json.ts';
import type { SimpleFile } from '../formats/simple/simple-json.ts';
import type { HeldFile } from '../state/held-projects.ts';
import { treeOrigin } from './tree-page.ts';

/** The result of a verification: the file is correct, damaged (`why`), missing, or not in the tree. */
export type Verified =
  | { readonly kind: 'held'; readonly held: HeldFile }
  | { readonly kind: 'damaged'; readonly path: WebPath; readonly why: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'outside' };

/**
 * Verifies the file that the entry `file` links to as `url`. Without an expected hash the present file is accepted,
 * unless its path is made from a hash: then it counts as missing, and the run that gets its hash from upstream inspects
 * it again.
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

/** Returns the sidecars of the file that can be kept. */
async function keptSidecars(
  files: FileStore,
  { metadataSha256 }: SimpleFile,
  path: WebPath,
): Promise<Pick<HeldFile, 'metadataSha256' | 'provenance'>> {
  const metadata = metadataSha256 === undefined ? undefined : await files.digest(sidecarPath(path, 'metadata'));
  return {
    metadataSha256: metadata?.sha256 === metadataSha256 ? metadataSha256 : undefined,
    provenance: (await files.stat(sidecarPath(path, 'provenance')))?.kind === 'file',
  };
}

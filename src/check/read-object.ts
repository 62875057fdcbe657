/** Reads a small file together with its ETag, if it lies in an object store. */
import type { WebPath } from '../core/paths.ts';
import type { FileStore } from '../files/file-store.ts';

/** Returns the bytes of the file at `path` and its ETag; undefined if there is no file. */
export async function readObject(
  files: FileStore,
  path: WebPath,
): Promise<{ readonly body: Buffer; readonly etag: string | undefined } | undefined> {
  if (!files.isRemote(path)) {
    const body = await files.read(path);
    return body && { body, etag: undefined };
  }
  const pieces: Buffer[] = [];
  const digest = await files.digest(path, undefined, (piece) => pieces.push(Buffer.from(piece)));
  return digest && { body: Buffer.concat(pieces), etag: digest.etag };
}

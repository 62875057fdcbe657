/** Distinguishes the files of projects below /packages/ from their sidecars and folders. */
import { isFileName } from '../core/paths.ts';
import { resolvedPath } from '../formats/logs/requested-path.ts';

/** Returns the file at the path of a request, or undefined for folders, metadata, provenance and signatures. */
export function downloadedFile(requested: string): { readonly path: string; readonly filename: string } | undefined {
  const path = resolvedPath(requested);
  const filename = path.slice(path.lastIndexOf('/') + 1);
  return isFileName(filename) ? { path, filename } : undefined;
}

/** Which of the addresses below /packages/ are files of projects, and not what lies beside them. */
import { isFileName } from '../core/paths.ts';
import { resolvedPath } from '../formats/logs/requested-path.ts';

/** The file at the path of a request; undefined for folders, metadata, provenance and signatures. */
export function downloadedFile(requested: string): { readonly path: string; readonly filename: string } | undefined {
  const path = resolvedPath(requested);
  const filename = path.slice(path.lastIndexOf('/') + 1);
  return isFileName(filename) ? { path, filename } : undefined;
}

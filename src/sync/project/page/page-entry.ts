/** Makes the page entries of planned files. */
import { isSecureOrigin } from '../../../core/index-address.ts';
import { linkToFile, sidecarPath, urlPath } from '../../../core/paths.ts';
import type { PublishedFile } from '../../../formats/simple/simple-json.ts';
import type { HeldFile } from '../../../state/held-projects.ts';
import type { SyncSettings } from '../../mirror.ts';
import type { PlannedFile } from '../files/plan-project.ts';

/** Returns the page entry of a planned file: linked to this mirror, or to upstream if `held` is undefined. */
export function pageEntryOf(
  { file, url, path, sha256 }: PlannedFile,
  held: HeldFile | undefined,
  { baseUrl }: SyncSettings,
): PublishedFile {
  if (held === undefined) {
    return { file, url: url.href, metadataSha256: file.metadataSha256, provenance: file.provenance };
  }
  // PEP 740 wants a full URL on a secure origin, so our own copy is linked only where we know that we have one.
  const isSecure = baseUrl !== undefined && isSecureOrigin(baseUrl);
  const own = held.provenance && isSecure ? `${baseUrl}/${urlPath(sidecarPath(path, 'provenance'))}` : undefined;
  const provenance = file.provenance === undefined ? undefined : (own ?? file.provenance);
  return {
    file: { ...file, sha256, size: held.size },
    url: linkToFile(path),
    metadataSha256: held.metadataSha256,
    provenance,
  };
}

/** What a check expects of a file. */
import type { WebPath } from '../core/paths.ts';
import type { SidecarFacts } from '../core/sidecars.ts';
import type { HeldFile } from '../state/held-projects.ts';

/** The expected properties of a file, as far as they are known. */
export interface ExpectedFile extends SidecarFacts {
  readonly path: WebPath;
  readonly size: number | undefined;
  readonly sha256: string | undefined;
  /** Milliseconds: the modification time it was published with. */
  readonly uploadTimeMs: number | undefined;
}

/** Returns what must exist of a held file. */
export function expectedHeld({ path, size, sha256, metadataSha256, provenance }: HeldFile): ExpectedFile {
  return { path, size, sha256, metadataSha256, provenance, uploadTimeMs: undefined };
}

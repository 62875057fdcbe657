/** Loads the provenance verifier. It is a bundle of its own, because most runs do not need it. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../core/caught-error.ts';
import { UsageError } from '../../core/errors.ts';
import type { ProvenanceVerifier } from '../../provenance/provenance-verifier.ts';
import type { Settings } from '../config/settings.ts';
import { loadPart } from '../program/load-part.ts';

/**
 * Returns the verifier, or undefined if provenance is not verified. Throws UsageError. It is opened before the run
 * does anything, so that a wrong setting changes nothing.
 */
export async function openProvenance(
  settings: Pick<Settings, 'provenance' | 'trustedRootFile'>,
): Promise<ProvenanceVerifier | undefined> {
  if (settings.provenance !== 'verify') return undefined;
  const { trustedRootFile: path } = settings;
  const { sigstoreVerifier } = await loadPart(
    'provenance.js',
    () => import('../../provenance/sigstore/sigstore-verifier.ts'),
  );
  return path === undefined ? sigstoreVerifier() : sigstoreVerifier(readRoot(path), `trusted-root-file: ${path}`);
}

function readRoot(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`trusted-root-file: ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Loads the provenance verifier. It is a bundle of its own, because most runs do not need it. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../core/caught-error.ts';
import { MirrorError, UsageError } from '../../core/errors.ts';
import type { ProvenanceVerifier } from '../../provenance/provenance-verifier.ts';
import type { Settings } from '../config/settings.ts';

/**
 * Returns the verifier, or undefined if provenance is not verified. Throws UsageError. It is opened before the run
 * does anything, so that a wrong setting changes nothing.
 */
export async function openProvenance(
  settings: Pick<Settings, 'provenance' | 'trustedRootFile'>,
): Promise<ProvenanceVerifier | undefined> {
  if (settings.provenance !== 'verify') return undefined;
  const { trustedRootFile: path } = settings;
  const { sigstoreVerifier } = await load();
  return path === undefined ? sigstoreVerifier() : sigstoreVerifier(readRoot(path), `trusted-root-file: ${path}`);
}

async function load(): Promise<typeof import('../../provenance/sigstore/sigstore-verifier.ts')> {
  try {
    return await import('../../provenance/sigstore/sigstore-verifier.ts');
  } catch (cause) {
    if (cause instanceof MirrorError) throw cause;
    const reason = messageOf(cause);
    throw new UsageError(`provenance.js, which belongs beside the program, cannot be loaded: ${reason}`, { cause });
  }
}

function readRoot(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`trusted-root-file: ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

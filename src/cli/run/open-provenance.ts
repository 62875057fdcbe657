/** Loads what verifies provenance, a bundle of its own: most runs do without. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../core/caught-error.ts';
import { MirrorError, UsageError } from '../../core/errors.ts';
import type { ProvenanceVerifier } from '../../provenance/provenance-verifier.ts';
import type { Settings } from '../config/settings.ts';

/** Undefined where provenance is not verified. Throws UsageError, so that a run finds out before it does anything. */
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

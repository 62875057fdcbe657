/** Sigstore's trusted root: certificate authorities and logs with their keys, and the time in which each is valid. */
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { type TrustMaterial, toTrustMaterial } from '@sigstore/verify';
import { messageOf } from '../../core/caught-error.ts';
import { UsageError } from '../../core/errors.ts';

/** Reads a `trusted_root.json` that comes from `source`. Throws UsageError. */
export function parseTrustedRoot(text: string, source: string): TrustMaterial {
  const root = materialIn(text, source);
  const parts = {
    certificateAuthorities: 'certificate authority',
    tlogs: 'transparency log',
    ctlogs: 'certificate log',
  };
  for (const [part, what] of Object.entries(parts) as [keyof typeof parts, string][]) {
    if (root[part].length === 0)
      throw new UsageError(`${source}: expected a trusted root of Sigstore, found no ${what}`);
  }
  return root;
}

function materialIn(text: string, source: string): TrustMaterial {
  try {
    return toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(text)));
  } catch (cause) {
    // The library does not check the root before it uses it, so this can be any error.
    throw new UsageError(`${source}: not a trusted root of Sigstore: ${messageOf(cause, 'unreadable')}`, { cause });
  }
}

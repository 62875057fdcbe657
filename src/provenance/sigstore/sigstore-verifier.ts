/**
 * The ProvenanceVerifier port over Sigstore's libraries. It is a bundle of its own, loaded only by runs that verify.
 */
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };
import { type Signer, type TrustMaterial, toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { messageOf } from '../../core/caught-error.ts';
import { MirrorError, NonsenseError, UsageError } from '../../core/errors.ts';
import { expectStatementAbout } from '../../formats/attested-statement.ts';
import { isJsonObject, type JsonObject } from '../../formats/json.ts';
import { type Attestation, parseProvenance } from '../../formats/provenance-object.ts';
import type { AttestedFile, ProvenanceVerdict, ProvenanceVerifier } from '../provenance-verifier.ts';
import { expectPublisher } from './publisher-identity.ts';

/**
 * Returns a verifier with the trusted root `text`, by default the one that Sigstore's library ships. Throws UsageError.
 */
export function sigstoreVerifier(text = shippedRoot(), source = 'the shipped trusted root'): ProvenanceVerifier {
  const verifier = new Verifier(parseTrustedRoot(text, source));
  return { verify: (object, file) => verdict(verifier, object, file) };
}

function shippedRoot(): string {
  const { targets } = seeds['https://tuf-repo-cdn.sigstore.dev'];
  return Buffer.from(targets['trusted_root.json'], 'base64').toString();
}

function verdict(verifier: Verifier, object: Uint8Array, file: AttestedFile): ProvenanceVerdict {
  try {
    const publishers = parseProvenance(object).flatMap(({ publisher, attestations }) =>
      attestations.map((attestation) => {
        const signer = signerOf(verifier, attestation);
        return expectPublisher(publisher, signer, expectStatementAbout(attestation.statement, file));
      }),
    );
    return { outcome: 'verified', publishers: [...new Set(publishers)] };
  } catch (error) {
    return { outcome: 'failed', why: reasonOf(error) };
  }
}

/** Returns the signer, if signature, certificate and log entry belong together. Throws the errors of the library. */
function signerOf(verifier: Verifier, attestation: Attestation): Signer {
  for (const entry of attestation.logEntries) expectPlainCheckpoint(entry);
  return verifier.verify(toSignedEntity(bundleFromJSON(asBundle(attestation))));
}

/** Returns the attestation in the bundle format of Sigstore's tools. */
function asBundle({ certificate, logEntries, timestamps, statement, signature }: Attestation): JsonObject {
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: certificate },
      tlogEntries: logEntries,
      timestampVerificationData: {
        rfc3161Timestamps: timestamps.map((signedTimestamp) => ({ signedTimestamp })),
      },
    },
    dsseEnvelope: {
      payload: statement.toString('base64'),
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ sig: signature.toString('base64'), keyid: '' }],
    },
  };
}

/**
 * Throws if the name of a checkpoint's signer has an unusual form. The library uses that name, which nobody has signed,
 * as a regular expression.
 */
function expectPlainCheckpoint({ inclusionProof }: JsonObject): void {
  const { checkpoint } = isJsonObject(inclusionProof) ? inclusionProof : {};
  const { envelope } = isJsonObject(checkpoint) ? checkpoint : {};
  if (typeof envelope !== 'string') throw new NonsenseError('a log entry without a checkpoint');
  for (const [, name = ''] of envelope.matchAll(/\u2014 (\S+) \S+\n/g)) {
    if (!/^[\w./:@-]{1,255}$/.test(name)) throw new NonsenseError('a checkpoint with a signer of no known form');
  }
}

/** Returns the reason for people. The library throws errors of every kind on untrusted objects. */
function reasonOf(error: unknown): string {
  if (error instanceof MirrorError) return error.message;
  const { message } = error instanceof Error ? error : { message: String(error) };
  const { cause } = error instanceof Error ? error : { cause: undefined };
  const detail = cause instanceof Error ? ` (${cause.message})` : '';
  return new NonsenseError(`Sigstore: ${message}${detail}`).message;
}

/**
 * Reads a `trusted_root.json`: certificate authorities and logs with their keys, and from when to when each of them
 * counts. `source` tells where it is from. Throws UsageError.
 */
function parseTrustedRoot(text: string, source: string): TrustMaterial {
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
    // The library looks at nothing before it uses it, so this can be any error.
    throw new UsageError(`${source}: not a trusted root of Sigstore: ${messageOf(cause, 'unreadable')}`, { cause });
  }
}

/** The port to the verification of provenance objects (PEP 740). */

/** The file that a provenance object belongs to. */
export interface AttestedFile {
  readonly filename: string;
  readonly sha256: string;
}

/** The result of a verification. `why` is one line for people. */
export type ProvenanceVerdict =
  | { readonly outcome: 'verified'; readonly publishers: readonly string[] }
  | { readonly outcome: 'failed'; readonly why: string };

/** Verifies provenance objects. */
export interface ProvenanceVerifier {
  /**
   * Returns 'verified' if every attestation in `object` is about exactly this file, is signed by the publisher that the
   * object names, and is in a transparency log. Never throws, whatever the object is, and uses no network.
   */
  verify(object: Uint8Array, file: AttestedFile): ProvenanceVerdict;
}

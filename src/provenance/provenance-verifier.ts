/** The port to whoever tells what a provenance object (PEP 740) is worth. */

/** The file that an object lies beside. */
export interface AttestedFile {
  readonly filename: string;
  readonly sha256: string;
}

/** What an object is worth; `why` is one line for people. */
export type ProvenanceVerdict =
  | { readonly outcome: 'verified'; readonly publishers: readonly string[] }
  | { readonly outcome: 'failed'; readonly why: string };

/** Judges provenance objects. */
export interface ProvenanceVerifier {
  /**
   * Verified when every attestation in `object` is about just this file, is signed by the publisher that the object
   * names, and stands in a transparency log. Never throws, whatever the object is, and asks nobody.
   */
  verify(object: Uint8Array, file: AttestedFile): ProvenanceVerdict;
}

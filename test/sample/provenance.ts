/** Provenance objects in the form of PEP 740. The signatures are dummies, but the digest in the statement is right. */

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Returns the provenance object of a file as JSON text. */
export const makeProvenance = (filename: string, sha256: string): string => {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: filename, digest: { sha256 } }],
    predicateType: 'https://sample.invalid/attestations/publish/v1',
    predicate: null,
  };
  const attestation = {
    version: 1,
    verification_material: { certificate: base64('sample certificate'), transparency_entries: [{ logIndex: '1' }] },
    envelope: { statement: base64(JSON.stringify(statement)), signature: base64('sample signature') },
  };
  const publisher = { kind: 'Sample', repository: 'sample/sample', workflow: 'release.yml' };
  return JSON.stringify({ version: 1, attestation_bundles: [{ publisher, attestations: [attestation] }] });
};

/**
 * Provenance objects (PEP 740): an index's record of where one file comes from.
 *
 *   attestation_bundles[]  one for each publisher
 *     publisher            its kind, and members that tell it from other publishers of this kind
 *     attestations[]       certificate, transparency log entries, and a signed statement about the file
 */
import { NonsenseError } from '../core/errors.ts';
import { sidecars } from '../core/sidecars.ts';
import { isJsonObject, type JsonObject } from './json.ts';

/** About ten times as many as the largest real objects have. The limit is there because each takes time to verify. */
const maxAttestations = 16;
const maxLogEntries = 4;
/** The largest size of a provenance object, in bytes. */
const { maxBytes } = sidecars.provenance;

/** One signed statement. */
export interface Attestation {
  /** Base64 of DER. */
  readonly certificate: string;
  /** At least one entry, in the JSON form of Sigstore's protocol buffers. The entries are not inspected. */
  readonly logEntries: readonly JsonObject[];
  /** Signed timestamps (RFC 3161), each in base64. */
  readonly timestamps: readonly string[];
  readonly statement: Buffer;
  readonly signature: Buffer;
}

/** The attestations by one publisher. */
export interface AttestationBundle {
  readonly publisher: JsonObject;
  readonly attestations: readonly Attestation[];
}

/** Reads a provenance object. Throws NonsenseError if it is malformed, too large, or has no attestation. */
export function parseProvenance(bytes: Uint8Array): AttestationBundle[] {
  if (bytes.length > maxBytes) throw new NonsenseError(`larger than ${maxBytes} bytes: ${bytes.length}`);
  const json = objectIn(parseJson(Buffer.from(bytes).toString()), 'the object');
  expectVersion(json, 'the object');
  const bundles = objectsIn(json.attestation_bundles, 'attestation_bundles').map((bundle) => ({
    publisher: objectIn(bundle.publisher, 'publisher'),
    attestations: objectsIn(bundle.attestations, 'attestations').map(parseAttestation),
  }));
  const count = bundles.reduce((sum, { attestations }) => sum + attestations.length, 0);
  if (count > 0 && count <= maxAttestations) return bundles;
  throw new NonsenseError(`expected 1 to ${maxAttestations} attestations, found ${count}`);
}

/** Returns the value of the JSON in `text`. Throws NonsenseError if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NonsenseError('not valid JSON', { cause });
  }
}

function parseAttestation(json: JsonObject): Attestation {
  expectVersion(json, 'an attestation');
  const material = objectIn(json.verification_material, 'verification_material');
  const envelope = objectIn(json.envelope, 'envelope');
  const logEntries = objectsIn(material.transparency_entries, 'transparency_entries');
  if (logEntries.length === 0) throw new NonsenseError('an attestation without an entry of a transparency log');
  if (logEntries.length > maxLogEntries) throw new NonsenseError(`${logEntries.length} log entries in an attestation`);
  return {
    certificate: textIn(material.certificate, 'certificate'),
    logEntries,
    timestamps: listIn(material.timestamps ?? [], 'timestamps').map((text) => textIn(text, 'timestamps')),
    statement: Buffer.from(textIn(envelope.statement, 'statement'), 'base64'),
    signature: Buffer.from(textIn(envelope.signature, 'signature'), 'base64'),
  };
}

function expectVersion({ version }: JsonObject, what: string): void {
  if (version !== 1) throw new NonsenseError(`expected ${what} of version 1, found ${JSON.stringify(version)}`);
}

function objectIn(value: unknown, what: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new NonsenseError(`${what}: expected a JSON object`);
}

function listIn(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new NonsenseError(`${what}: expected a list`);
}

function objectsIn(value: unknown, what: string): JsonObject[] {
  return listIn(value, what).map((item) => objectIn(item, what));
}

function textIn(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new NonsenseError(`${what}: expected a text`);
}

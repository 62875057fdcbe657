/**
 * Provenance objects (PEP 740): what an index knows of where one file comes from.
 *
 *   attestation_bundles[]  of one publisher each
 *     publisher            kind, and what tells this publisher from others of its kind
 *     attestations[]       certificate, transparency log entries, and a signed statement about the file
 */
import { NonsenseError } from '../core/errors.ts';
import { sidecars } from '../core/sidecars.ts';
import { isJsonObject, type JsonObject } from './json.ts';

/** Some ten times what the largest real ones have: each of these costs time to verify. */
const maxAttestations = 16;
const maxLogEntries = 4;
/** Bytes of an object; what is larger is none. */
const { maxBytes } = sidecars.provenance;

/** One signed statement. */
export interface Attestation {
  /** DER, in base64. */
  readonly certificate: string;
  /** At least one, in the JSON form of Sigstore's protocol buffers; not looked at. */
  readonly logEntries: readonly JsonObject[];
  /** Signed timestamps (RFC 3161), in base64. */
  readonly timestamps: readonly string[];
  readonly statement: Buffer;
  readonly signature: Buffer;
}

/** The attestations of one publisher. */
export interface AttestationBundle {
  readonly publisher: JsonObject;
  readonly attestations: readonly Attestation[];
}

/** Reads a provenance object with at least one attestation. Throws NonsenseError. */
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

/** The JSON value that `text` spells. Throws NonsenseError. */
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

/**
 * The signature of a request from one mirror to the `/sync` of the next, so that nobody else can start a run there:
 *
 *     X-Pep381-Timestamp: 1795340000.123        Unix time in seconds; decimals are allowed
 *     X-Pep381-Signature: sha256=<64 hex>       HMAC-SHA256 under the shared secret of timestamp + "." + body
 */
import { hmacSha256Hex, isSameSecretly } from './hash.ts';

/** The signature headers of a request. */
export interface SyncSignature {
  readonly timestamp: string;
  /** The digest with the prefix `sha256=`. */
  readonly signature: string;
}

/** Milliseconds before and after its timestamp in which a signature is valid. Before, because clocks differ. */
export const signatureLifeMs = 300_000;

/** Returns the secret in a file: its content without surrounding white space, or undefined if nothing is left. */
export function secretFrom(content: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(content).toString('latin1').trim();
  return text === '' ? undefined : Buffer.from(text, 'latin1');
}

/** Signs `body` at the time `nowMs`. */
export function signSync(secret: Uint8Array, nowMs: number, body: Uint8Array | string): SyncSignature {
  const timestamp = (nowMs / 1000).toFixed(3);
  return { timestamp, signature: `sha256=${signedDigest(secret, timestamp, body)}` };
}

/** Returns the digest of a signature as 64 lower-case hex digits, which is the same for all spellings of the header. */
export function signedDigest(secret: Uint8Array, timestamp: string, body: Uint8Array | string): string {
  return hmacSha256Hex(secret, timestamp, '.', body);
}

/** Returns the reason why the signature is invalid for any body, for people, or undefined if it may be valid. */
export function headerProblem({ timestamp, signature }: SyncSignature, nowMs: number): string | undefined {
  if (!/^\d{1,12}(?:\.\d{1,9})?$/.test(timestamp)) return 'The timestamp is missing or no Unix time in seconds';
  if (!/^sha256=[0-9a-f]{64}$/i.test(signature)) return 'The signature is missing or wrong';
  if (Math.abs(nowMs - Number(timestamp) * 1000) > signatureLifeMs)
    return 'The timestamp is too far from the time here';
  return undefined;
}

/**
 * Returns the reason why the signature is rejected, for people, or undefined if it is valid. Does not check for
 * replays.
 */
export function signatureProblem(
  secret: Uint8Array,
  { timestamp, signature }: SyncSignature,
  body: Uint8Array,
  nowMs: number,
): string | undefined {
  const problem = headerProblem({ timestamp, signature }, nowMs);
  if (problem !== undefined) return problem;
  const expected = `sha256=${signedDigest(secret, timestamp, body)}`;
  return isSameSecretly(signature.toLowerCase(), expected) ? undefined : 'The signature is missing or wrong';
}

import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** Returns the sha256 of `bytes` as 64 lower-case hex digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** Returns the HMAC-SHA256 under `key` of the concatenated parts, as 64 lower-case hex digits. */
export function hmacSha256Hex(key: Uint8Array, ...parts: readonly (Uint8Array | string)[]): string {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest('hex');
}

/** Returns true if both texts are equal. The time it takes does not reveal where they differ. */
export function isSameSecretly(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** ETags that can be sent back to upstream. */

/**
 * Returns true if `text` is a valid ETag (RFC 9110). Upstream may send nonsense, and a power cut may damage a stored
 * one.
 */
export function isEtag(text: string | undefined): text is string {
  return text !== undefined && /^(?:W\/)?"[!#-~]{0,255}"$/.test(text);
}

/**
 * Returns `etag` if it is a strong one. A weak ETag does not promise the same bytes, so it cannot guard a resumed
 * download.
 */
export function strongEtag(etag: string | undefined): string | undefined {
  return isEtag(etag) && !etag.startsWith('W') ? etag : undefined;
}

/** ETags that can be sent back. */

/** Whether `text` is one (RFC 9110): upstream may write nonsense there, and a power cut leave it where it was kept. */
export function isEtag(text: string | undefined): text is string {
  return text !== undefined && /^(?:W\/)?"[!#-~]{0,255}"$/.test(text);
}

/** A weak validator does not promise the same bytes, so it cannot guard a resumed download. */
export function strongEtag(etag: string | undefined): string | undefined {
  return isEtag(etag) && !etag.startsWith('W') ? etag : undefined;
}

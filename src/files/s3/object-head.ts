/** The headers of objects, as they are sent and as they are answered. */
import type { ObjectHead, ObjectHeaders } from './bucket.ts';
import type { Answer } from './receive-answer.ts';

const metadataPrefix = 'x-amz-meta-';

/** Returns the headers to put an object with. */
export function renderHeaders(headers: ObjectHeaders): Record<string, string> {
  const { contentType, contentEncoding, cacheControl, metadata = {} } = headers;
  return {
    'content-type': contentType,
    ...(contentEncoding !== undefined && { 'content-encoding': contentEncoding }),
    ...(cacheControl !== undefined && { 'cache-control': cacheControl }),
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`${metadataPrefix}${name}`, value])),
  };
}

/** Returns what the headers of an answer say of an object with so many bytes, or undefined if they say too little. */
export function parseHead(headers: Answer['headers'], bytes: number): ObjectHead | undefined {
  const modifiedMs = Date.parse(headers['last-modified'] ?? '');
  if (headers.etag === undefined || Number.isNaN(modifiedMs)) return undefined;
  const { 'content-encoding': contentEncoding, 'cache-control': cacheControl } = headers;
  const metadata = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(metadataPrefix) && value !== undefined ? [[name.slice(metadataPrefix.length), value]] : [],
  );
  return {
    bytes,
    etag: unquoted(headers.etag),
    modifiedMs,
    headers: {
      contentType: headers['content-type'] ?? '',
      ...(contentEncoding !== undefined && { contentEncoding }),
      ...(cacheControl !== undefined && { cacheControl }),
      metadata: Object.fromEntries(metadata) as Record<string, string>,
    },
  };
}

/** Returns the length of a body in bytes, or undefined if the answer does not tell it. */
export function lengthOf(headers: Answer['headers']): number | undefined {
  return parseBytes(headers['content-length']);
}

/**
 * Returns the length of the whole object, of which the answer has the bytes from `start`; undefined if it has others.
 */
export function totalBytes(headers: Answer['headers'], start: number): number | undefined {
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  return parseBytes(first) === start ? parseBytes(total) : undefined;
}

/** Returns a number of bytes, or undefined if the text is none. */
export function parseBytes(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Returns an ETag without its quotes. */
export function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/s, '$1');
}

/** HTTP replies as plain values, with PyPI's rules for content negotiation, conditional requests and ranges. */

import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

/** A request that was read to its end. */
export interface SampleRequest {
  readonly method: string;
  /** The path with query as sent. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A reply before it is written, when Content-Length is added. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A media type of the simple API. */
export type SimpleType = 'application/vnd.pypi.simple.v1+json' | 'application/vnd.pypi.simple.v1+html' | 'text/html';

const simpleTypes: Readonly<Record<string, SimpleType>> = {
  'application/vnd.pypi.simple.v1+json': 'application/vnd.pypi.simple.v1+json',
  'application/vnd.pypi.simple.latest+json': 'application/vnd.pypi.simple.v1+json',
  'application/vnd.pypi.simple.v1+html': 'application/vnd.pypi.simple.v1+html',
  'application/vnd.pypi.simple.latest+html': 'application/vnd.pypi.simple.v1+html',
  'text/html': 'text/html',
};

/**
 * Returns the best media type for an Accept header. `?format=` takes precedence; without an acceptable type it is
 * `text/html`.
 */
export const simpleType = (accept = '', format?: string | null): SimpleType => {
  let best: SimpleType = 'text/html';
  let bestQuality = 0;
  const wishes = qualities(format ?? accept);
  for (const [name, type] of Object.entries(simpleTypes)) {
    const quality = wishes.get(name) ?? 0;
    if (quality > bestQuality) [best, bestQuality] = [type, quality];
  }
  return best;
};

/** Returns true if an Accept-Encoding header names gzip and does not refuse it. */
export const acceptsGzip = (header: string | string[] | undefined): boolean =>
  (qualities(String(header ?? '')).get('gzip') ?? 0) > 0;

/** Returns the values of a header such as Accept with their weights. */
export const qualities = (header: string): Map<string, number> => {
  const result = new Map<string, number>();
  for (const item of header.split(',')) {
    const [value = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    result.set(value, quality === undefined ? 1 : Number(quality.slice(2)));
  }
  return result;
};

/** Writes the head of a reply, and returns the response. */
export const writeHead = (response: ServerResponse, { status, headers, body }: Reply): ServerResponse =>
  response.writeHead(status, status === 304 ? headers : { ...headers, 'Content-Length': body.length });

/** Returns a short reply in plain text. */
export const plainReply = (status: number, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers: { 'Content-Type': 'text/plain', ...headers },
  body: Buffer.from(`${status}\n`),
});

/**
 * Returns the reply with a page: compressed if requested, with an ETag for each encoding, and 304 if the client has it.
 */
export const pageReply = (request: SampleRequest, page: string, headers: Readonly<Record<string, string>>): Reply => {
  const gzip = acceptsGzip(request.headers['accept-encoding']);
  const etag = `"${createHash('md5')
    .update(gzip ? 'gzip' : '')
    .update(headers['Content-Type'] ?? '')
    .update(page)
    .digest('hex')}"`;
  if (matches(request.headers['if-none-match'], etag)) {
    const { 'Cache-Control': cacheControl = '', Vary: vary = '' } = headers;
    // No X-PyPI-Last-Serial, because PyPI may omit it too.
    return { status: 304, headers: { ETag: etag, 'Cache-Control': cacheControl, Vary: vary }, body: Buffer.alloc(0) };
  }
  const encoding = gzip ? { 'Content-Encoding': 'gzip' } : undefined;
  const body = gzip ? gzipSync(page) : Buffer.from(page);
  return { status: 200, headers: { ...headers, ...encoding, ETag: etag }, body };
};

/**
 * Returns the reply with a file. It supports single ranges and If-Range with a strong ETag, and, as on PyPI, no other
 * conditions.
 */
export const fileReply = (
  request: Pick<SampleRequest, 'headers'>,
  content: Buffer,
  given: Readonly<Record<string, string>>,
  etag = `"${createHash('md5').update(content).digest('hex')}"`,
): Reply => {
  const headers = { ...given, ETag: etag, 'Accept-Ranges': 'bytes' };
  const { range, 'if-range': ifRange } = request.headers;
  const wanted = ifRange === undefined || ifRange === etag ? parseRange(range, content.length) : undefined;
  if (wanted === undefined) return { status: 200, headers, body: content };
  if (wanted === 'unsatisfiable') return plainReply(416, { 'Content-Range': `bytes */${content.length}` });
  const [start, end] = wanted;
  const contentRange = `bytes ${start}-${end - 1}/${content.length}`;
  return { status: 206, headers: { ...headers, 'Content-Range': contentRange }, body: content.subarray(start, end) };
};

const matches = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag) ?? false;

type Range = readonly [start: number, end: number] | 'unsatisfiable' | undefined;

const parseRange = (header: string | undefined, size: number): Range => {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (first !== '' && last !== '' && Number(first) > Number(last)) return undefined;
  return start >= size ? 'unsatisfiable' : [start, end];
};

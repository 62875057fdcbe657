/**
 * Signs requests with AWS Signature Version 4, in headers. It is our own, because a few hashes over a text are all
 * there is to it, and libraries want the requests of `fetch`.
 */
import { createHash, createHmac } from 'node:crypto';
import type { Credentials } from '../../formats/aws-credentials.ts';

/** A request to be signed. Names of headers are in lower case. */
export interface UnsignedRequest {
  readonly method: string;
  readonly host: string;
  /** The path as it is sent: see {@link encodePath}. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

interface SigningKey {
  readonly day: string;
  readonly region: string;
  readonly key: Buffer | string;
}

const algorithm = 'AWS4-HMAC-SHA256';
const nothing = new Uint8Array();
/** The key of the last request with these credentials: it is the same all day. */
const signingKeys = new WeakMap<Credentials, SigningKey>();

/** Returns all headers to send, with the signature, which the store accepts for a quarter of an hour. */
export function signRequest(
  request: UnsignedRequest,
  credentials: Credentials,
  region: string,
  nowMs: number,
): Readonly<Record<string, string>> {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const payload = sha256(request.body ?? nothing);
  const { sessionToken } = credentials;
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.host,
    'x-amz-content-sha256': payload,
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const signed = names.join(';');
  const canonical = [
    request.method,
    request.path,
    renderQuery(request.query),
    ...names.map((name) => `${name}:${headers[name]?.trim().replace(/ +/g, ' ')}`),
    '',
    signed,
    payload,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = [algorithm, time, scope, sha256(canonical)].join('\n');
  const key = signingKey(credentials, day, region);
  const signature = hmac(key, text).toString('hex');
  const authorization = `${algorithm} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  return { ...headers, authorization };
}

function signingKey(credentials: Credentials, day: string, region: string): Buffer | string {
  const known = signingKeys.get(credentials);
  if (known?.day === day && known.region === region) return known.key;
  const key = [day, region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (key, part) => hmac(key, part),
    `AWS4${credentials.secretAccessKey}`,
  );
  signingKeys.set(credentials, { day, region, key });
  return key;
}

/** Returns a query in the order and the encoding that signatures want. */
export function renderQuery(query: Readonly<Record<string, string>>): string {
  return Object.keys(query)
    .sort()
    .map((name) => `${encode(name)}=${encode(query[name] ?? '')}`)
    .join('&');
}

/** Returns the path of a key. */
export function encodePath(key: string): string {
  return key.split('/').map(encode).join('/');
}

/** Percent-encodes all but what RFC 3986 leaves unreserved. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

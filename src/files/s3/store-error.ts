/**
 * What a store says when it refuses a request, and what to do about it. Its texts are from outside, and may quote the
 * request, so they are shortened, and credentials in them are hidden.
 */
import { MirrorError } from '../../core/errors.ts';
import type { Credentials } from '../../formats/aws-credentials.ts';
import { readXml, textOf, type XmlElement } from './read-xml.ts';

/** The members of an error that are used. */
export interface StoreError {
  /** Such as `NoSuchKey`; an empty text if the answer has none. */
  readonly code: string;
  readonly message: string;
  readonly requestId: string;
  /** The region of the bucket, if the store says that it is another one. */
  readonly region: string;
}

/** Characters. */
const maxCodeLength = 60;
const maxTextLength = 200;
const maxRegionLength = 40;

/** The codes of failures that pass, whatever the status of the answer is. */
const passing = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'InternalError',
  'RequestTimeout',
  'OperationAborted',
  'ConditionalRequestConflict',
  'TooManyRequests',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  // The bytes were damaged on their way.
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'IncompleteBody',
]);
const passingStatuses = new Set([408, 429, 500, 502, 503, 504]);

/** The codes of credentials that were valid once. */
const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);

/** What to do, by the code of the error. */
const advice: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'the store does not know the access key; correct the credentials',
  SignatureDoesNotMatch: 'the secret key does not fit the access key, or region or endpoint are wrong; correct them',
  AccessDenied: 'the credentials do not allow this; correct the policy of the user or the bucket, or the credentials',
  AllAccessDisabled: 'the bucket is disabled',
  AccountProblem: 'ask the provider of the store',
  UserSuspended: 'the user is suspended; ask the administrator of the store',
  ExpiredToken: 'the session token is no longer valid; renew the credentials',
  InvalidToken: 'the session token is wrong; renew the credentials',
  TokenRefreshRequired: 'the session token is no longer valid; renew the credentials',
  NoSuchBucket: 'create the bucket, or correct bucket or endpoint in [storage]',
  InvalidBucketName: 'correct bucket in [storage]',
  PermanentRedirect: 'correct region and endpoint in [storage]',
  AuthorizationHeaderMalformed: 'correct region in [storage]',
  QuotaExceeded: 'the quota of the store is used up; raise it or remove something',
  XMinioStorageFull: 'the store is full',
  InsufficientCapacity: 'the store is full',
  EntityTooLarge: 'the store takes no object of this size',
  KeyTooLongError: 'the store takes no key of this length',
  ObjectLocked: 'the object is locked against changes; the mirror needs a bucket without object lock',
};

/** Returns the error in the body of an answer. Its members are empty where the body has none. */
export function parseStoreError(body: Buffer): StoreError {
  const root = errorIn(body);
  const member = (name: string, length: number): string =>
    root === undefined ? '' : (textOf(root, name) ?? '').trim().slice(0, length);
  return {
    code: member('Code', maxCodeLength),
    message: member('Message', maxTextLength),
    requestId: member('RequestId', maxCodeLength),
    region: member('Region', maxRegionLength),
  };
}

/** Returns the `Error` element of a body, or undefined if it is something else. */
export function errorIn(body: Buffer): XmlElement | undefined {
  try {
    const root = readXml(body.toString('utf8'));
    return root.name === 'Error' ? root : undefined;
  } catch (error) {
    if (error instanceof MirrorError) return undefined;
    throw error;
  }
}

/** Returns true if the same request may succeed later. */
export function isPassing(status: number, { code }: StoreError): boolean {
  return passing.has(code) || passingStatuses.has(status);
}

/** Returns true if the credentials have expired. */
export function isExpired({ code }: StoreError): boolean {
  return expired.has(code);
}

/** Returns what a store answered, and what to do about it. `date` is the header of the answer. */
export function explainError(status: number, error: StoreError, date: string | undefined, nowMs: number): string {
  const { code, message, requestId, region } = error;
  const id = requestId === '' ? '' : `, request ${requestId}`;
  if (code === '') return `the store answers ${status} without an error of S3; is endpoint in [storage] right?`;
  const said = message === '' || message === code ? '' : ` (${message})`;
  const todo = code === 'RequestTimeTooSkewed' ? skew(date, nowMs) : (advice[code] ?? '');
  const where = region === '' ? '' : `; the bucket's region is ${region}`;
  return `the store answers ${status} ${code}${said}${id}${todo === '' ? '' : `: ${todo}`}${where}`;
}

/** Returns how far this machine's clock and the store's are apart. */
function skew(date: string | undefined, nowMs: number): string {
  const differenceMs = nowMs - Date.parse(date ?? '');
  if (Number.isNaN(differenceMs)) return "this machine's clock and the store's differ too much; correct the wrong one";
  const minutes = Math.round(Math.abs(differenceMs) / 60_000);
  const direction = differenceMs < 0 ? 'behind' : 'ahead of';
  return `this machine's clock is ${minutes} minutes ${direction} the store's; correct the wrong one`;
}

/** Returns `text` without any of the credentials. */
export function hideCredentials(text: string, credentials: Credentials | undefined): string {
  if (credentials === undefined) return text;
  const { accessKeyId, secretAccessKey, sessionToken = '' } = credentials;
  return [secretAccessKey, sessionToken, accessKeyId]
    .filter((secret) => secret !== '')
    .reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}

/** What a person reads when a store refuses, and what a hostile store can do with it. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/cli/program/system-clock.ts';
import { StorageError, UnfitFileError } from '../../../src/core/errors.ts';
import type { Bucket } from '../../../src/files/s3/bucket.ts';
import { probeConditions } from '../../../src/files/s3/probe-conditions.ts';
import { type BucketOptions, S3Bucket } from '../../../src/files/s3/s3-bucket.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { errorXml } from '../../fixtures/faulty-proxy.ts';
import { objectStoreOrReason } from '../../fixtures/object-store.ts';
import { all, bucketOptions, openBucket, rejection } from './opened-bucket.ts';

const needed = objectStoreOrReason();
const plain = { contentType: 'text/plain' };
const secrets = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalr/secret+key', sessionToken: 'FwoGZXIvYXdz' };

/** Opens a bucket of a store that answers as told. */
async function openFake(t: Test, answer: RequestListener, more: Partial<BucketOptions> = {}): Promise<S3Bucket> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const options = bucketOptions(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const credentials = async () => secrets;
  return new S3Bucket({ ...options, credentials, clock: new FakeClock(Date.now()), ...more });
}

const refusing =
  (status: number, code: string, message = '', more = ''): RequestListener =>
  (_, response) =>
    response.writeHead(status).end(errorXml(code, message, more));

t.test('wrong credentials, and a wrong clock, are told at once and without any of them', needed, async (t) => {
  const { with: other } = await openBucket(t, { clock: new FakeClock(Date.now()) });
  const key = { accessKeyId: 'testkey', secretAccessKey: 'testsecret' };
  const hour = 3_600_000;
  const cases: readonly [Partial<BucketOptions>, RegExp][] = [
    [
      { credentials: async () => ({ ...key, accessKeyId: 'WRONGKEYID' }) },
      /403 InvalidAccessKeyId.*: the store does not know/,
    ],
    [
      { credentials: async () => ({ ...key, secretAccessKey: 'wrongsecret' }) },
      /403 SignatureDoesNotMatch.*: the secret key does not fit/,
    ],
    [
      { clock: { ...systemClock, now: () => Date.now() - hour } },
      /403 RequestTimeTooSkewed.*: this machine's clock is 60 minutes behind the store's; correct/,
    ],
    [
      { clock: { ...systemClock, now: () => Date.now() + 2 * hour } },
      /: this machine's clock is 120 minutes ahead of the store's; correct/,
    ],
  ];
  for (const [options, expected] of cases) {
    const bucket = other(options);
    const calls = [() => bucket.head('x'), () => bucket.put('x', Buffer.from('x'), plain), () => all(bucket.list(''))];
    for (const call of calls) {
      const error = await rejection(call());
      t.ok(error instanceof StorageError);
      t.match(error.message, expected);
      t.notMatch(error.message, /wrong(?:keyid|secret|token)|testkey|testsecret/i);
      t.notMatch(
        JSON.stringify(error, Object.getOwnPropertyNames(error)),
        /WRONGKEYID|wrongsecret|wrongtoken|testsecret/,
      );
    }
    t.equal(bucket.usage.retries, 0);
  }
});

t.test('what a store says is one short line, and credentials in it are hidden', async (t) => {
  const quoted = `${Object.values(secrets).join(' ')}\n\u001b[2J\u2028${'x'.repeat(5_000)}`;
  const bucket = await openFake(
    t,
    refusing(403, `Bad\n${secrets.secretAccessKey}`, quoted, `<RequestId>${secrets.sessionToken}</RequestId>`),
  );
  for (const call of [
    () => bucket.head('x'),
    () => bucket.put('x', Buffer.from('x'), plain),
    () => all(bucket.list('')),
  ]) {
    const { message } = await rejection(call());
    t.match(message, /the store answers 403 Bad \*\*\* \(\*\*\* \*\*\* \*\*\* /);
    t.ok(message.length < 600);
    t.notMatch(message, /[\p{Cc}\u2028]/u);
    for (const secret of Object.values(secrets)) t.notOk(message.includes(secret));
  }
});

t.test('each refusal that needs somebody says what to do', async (t) => {
  const cases: readonly [status: number, code: string, expected: RegExp, more?: string][] = [
    [403, 'AccessDenied', /: the credentials do not allow this; correct the policy/],
    [400, 'InvalidToken', /: the session token is wrong; renew the credentials$/],
    [403, 'QuotaExceeded', /: the quota of the store is used up/],
    [507, 'XMinioStorageFull', /: the store is full$/],
    [
      301,
      'PermanentRedirect',
      /: correct region and endpoint in \[storage\]; the bucket's region is eu-west-1$/,
      'eu-west-1',
    ],
    [400, 'AuthorizationHeaderMalformed', /; the bucket's region is eu-west-1$/, 'eu-west-1'],
    [418, 'Other', /: the store answers 418 Other$/],
    [403, '', /: the store answers 403 without an error of S3; is endpoint in \[storage\] right\?$/],
  ];
  for (const [status, code, expected, region = ''] of cases) {
    const bucket = await openFake(t, refusing(status, code, '', `<Region>${region}</Region>`));
    t.match((await rejection(bucket.put('x', Buffer.from('x'), plain))).message, expected);
  }
  for (const code of ['EntityTooLarge', 'KeyTooLongError']) {
    const bucket = await openFake(t, refusing(400, code));
    t.ok((await rejection(bucket.put('x', Buffer.from('x'), plain))) instanceof UnfitFileError, 'costs only the file');
  }
});

t.test('credentials that have expired are asked for anew, once', async (t) => {
  const asked: unknown[] = [];
  const credentials: BucketOptions['credentials'] = async (refused) => {
    asked.push(refused?.accessKeyId);
    return refused === undefined && asked.length < 3 ? secrets : { ...secrets, accessKeyId: 'NEWER' };
  };
  const bucket = await openFake(
    t,
    (request, response) => {
      const isNew = request.headers.authorization?.includes('NEWER') === true;
      if (isNew) response.writeHead(200, { etag: '"e"' }).end();
      else refusing(400, 'ExpiredToken')(request, response);
    },
    { credentials },
  );
  t.equal(await bucket.put('x', Buffer.from('x'), plain), 'e');
  t.same(asked, [undefined, 'AKIDEXAMPLE']);
  const without = await openFake(t, refusing(400, 'ExpiredToken'));
  t.match(
    (await rejection(without.put('x', Buffer.from('x'), plain))).message,
    /ExpiredToken: the session token is no/,
  );
});

t.test('answers that make no sense, or no end, are errors', async (t) => {
  const endless: RequestListener = (_, response) => {
    response.writeHead(200, { etag: '"e"', 'last-modified': new Date().toUTCString() });
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 20, '<'))) {}
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };
  const answers: Readonly<Record<string, string>> = {
    'no XML': 'Welcome!',
    'half of it': '<ListBucketResult><Contents><Key>a%20mirror/x',
    'without a size': '<L><EncodingType>url</EncodingType><Contents><Key>a%20mirror/x</Key></Contents></L>',
    'another prefix': '<L><Contents><Key>other/x</Key><Size>1</Size></Contents></L>',
    'a key that cannot be decoded':
      '<L><EncodingType>url</EncodingType><Contents><Key>%E0%A4</Key><Size>1</Size></Contents></L>',
    'no end': '<L><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken></L>',
    'no way on': '<L><IsTruncated>true</IsTruncated></L>',
    'an entity of its own': '<!DOCTYPE l [<!ENTITY a "b">]><L>&a;</L>',
  };
  for (const [what, body] of Object.entries(answers)) {
    const bucket = await openFake(t, (_, response) => response.end(body));
    const error = await rejection(all(bucket.list('')));
    t.ok(error instanceof StorageError, what);
    t.match(error.message, /: GET: (?:the answer is no XML of S3|a listing has a wrong|the listing is cut off)/, what);
    const uploading = await rejection(bucket.beginUpload('x', plain));
    t.ok(uploading instanceof StorageError, what);
  }
  const flood = await openFake(t, endless);
  t.match((await rejection(all(flood.list('')))).message, /: the answer is larger than 16777216 bytes$/);
  t.match((await rejection(flood.put('x', Buffer.from('x'), plain))).message, /is larger than/);
  const bare = await openFake(t, (_, response) => response.end());
  t.match((await rejection(bare.head('x'))).message, /lacks length, ETag or Last-Modified$/);
  t.match((await rejection(bare.put('x', Buffer.from('x'), plain))).message, /: the answer has no ETag$/);
  t.match((await rejection(bare.read('x', { start: 0, end: 1 }))).message, /: the store answers 200 to a range$/);
});

t.test('a store that keeps no conditions is told before anybody relies on them', async (t) => {
  const etags = Array.from({ length: 10 }, (_, at) => `${at}`);
  const take: Bucket['put'] = async () => etags.pop();
  const told = async (put: Bucket['put']): Promise<string> => {
    const bucket = { where: 's3://b', put, remove: async () => {} } as unknown as Bucket;
    return (await rejection(probeConditions(() => bucket, 'probe'))).message;
  };
  t.match(await told(take), /If-None-Match is not kept: the same object could be put twice; a lease needs a store/);
  const absent: Bucket['put'] = async (key, body, headers, condition) =>
    'ifAbsent' in (condition ?? {}) && body.toString() !== '1' ? undefined : take(key, body, headers);
  t.match(await told(absent), /If-Match is not kept: an object was put in place of another one/);
  const never: Bucket['put'] = async (key, body, headers) =>
    body.toString() === '1' ? take(key, body, headers) : undefined;
  t.match(await told(never), /If-Match never holds, with the ETag in quotes nor without/);
  const without = await openFake(t, (request, response) => {
    if (request.method === 'DELETE') response.writeHead(204).end();
    else refusing(501, 'NotImplemented', 'A header you provided')(request, response);
  });
  const error = await rejection(probeConditions(() => without, 'probe'));
  t.match(error.message, /: PUT probe: the store answers 501 NotImplemented .*; a lease needs a store/);
});

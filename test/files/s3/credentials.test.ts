import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { openDirectly } from '../../../src/cli/network/open-dispatcher.ts';
import { openStoreCredentials } from '../../../src/cli/network/open-store-credentials.ts';
import { StorageError, UsageError } from '../../../src/core/errors.ts';
import { type AskMetadata, type CredentialSources, openCredentials } from '../../../src/files/s3/credentials.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { rejection } from './opened-bucket.ts';

const minute = 60_000;
const none: AskMetadata = async (_method, url) => {
  throw new StorageError(`${url.href}: no connection to the store in time`);
};

function sources(more: Partial<CredentialSources>): CredentialSources & { readonly clock: FakeClock } {
  const clock = new FakeClock();
  const readToken = () => 'from-file\n';
  return { env: {}, ask: none, readToken, ...more, clock };
}

/** Answers for a role whose keys are numbered, and expire after so many milliseconds. */
function roleFor(clock: () => number, lifetimeMs: number) {
  const asked: { method: string; url: string; headers: Readonly<Record<string, string>> }[] = [];
  let issued = 0;
  const ask: AskMetadata = async (method, { href: url }, headers) => {
    asked.push({ method, url, headers });
    if (url.endsWith('/api/token')) return { status: 200, body: 'token-1' };
    if (url.endsWith('/security-credentials/')) return { status: 200, body: 'mirror-role\n' };
    issued += 1;
    const keys = { AccessKeyId: `ASIA${issued}`, SecretAccessKey: 's', Token: 't' };
    return { status: 200, body: JSON.stringify({ ...keys, Expiration: new Date(clock() + lifetimeMs).toISOString() }) };
  };
  return { asked, ask };
}

t.test('the environment gives all of them, or is told what is missing', async (t) => {
  const env = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };
  t.same(await openCredentials(sources({ env }))(), { accessKeyId: 'AKID', secretAccessKey: 'secret' });
  const withToken = openCredentials(sources({ env: { ...env, AWS_SESSION_TOKEN: 'token' } }));
  t.same(await withToken(), { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' });
  const half = (): unknown => openCredentials(sources({ env: { AWS_ACCESS_KEY_ID: 'AKID' } }));
  t.throws(half, {
    name: 'UsageError',
    message: 'AWS_SECRET_ACCESS_KEY is not set, but its counterpart is; set both or none',
  });
});

t.test('a file has profiles, is private, and counts before the environment', async (t) => {
  const root = t.testdir({ web: {} });
  const path = join(root, 'credentials');
  const write = (text: string, mode = 0o600): void => {
    writeFileSync(path, text);
    chmodSync(path, mode);
  };
  const open = (profile = 'default', credentialsFile = path) =>
    openStoreCredentials({
      ...{ credentialsFile, profile, target: { root }, clock: new FakeClock(), signal: new AbortController().signal },
      env: { AWS_ACCESS_KEY_ID: 'other', AWS_SECRET_ACCESS_KEY: 'other' },
      connect: () => openDirectly(1_000),
    });
  write(`# keys
[default]
aws_access_key_id = AKID
aws_secret_access_key=se/cr+et=
region = eu-west-1

[ profile mirror ]
  AWS_ACCESS_KEY_ID = MIRROR\r
aws_secret_access_key = secret
aws_session_token = token
`);
  t.same(await open()(), { accessKeyId: 'AKID', secretAccessKey: 'se/cr+et=' });
  const get = open('mirror');
  t.same(await get(), { accessKeyId: 'MIRROR', secretAccessKey: 'secret', sessionToken: 'token' });
  t.throws(() => open('none'), {
    message: `credentials-file: ${path} cannot be read: expected the profile [none], found [default], [mirror]`,
  });
  write('[mirror]\naws_access_key_id = NEW\naws_secret_access_key = newer\n');
  t.same(await get(), { accessKeyId: 'MIRROR', secretAccessKey: 'secret', sessionToken: 'token' });
  t.match(await get(await get()), { accessKeyId: 'NEW' }, 'it is read again when what it holds has expired');
  for (const text of ['[default]\naws_access_key_id = AKID\n', 'AKID secret', '']) {
    write(text);
    t.throws(open, { name: 'UsageError', message: /^(?!.*AKID)credentials-file: / }, text);
  }
  write('[default]\naws_access_key_id = AKID\naws_secret_access_key = s\n', 0o644);
  t.throws(open, { message: `credentials-file: ${path}: expected mode 0600 or 0640, found 0644; chmod 600 it` });
  mkdirSync(join(root, 'web/x'));
  const served = join(root, 'web/x/credentials');
  writeFileSync(served, '[default]\naws_access_key_id = AKID\naws_secret_access_key = s\n', { mode: 0o600 });
  t.throws(() => open('default', served), { message: / lies in .*\/web, which everybody can read; move it/ });
  t.throws(() => open('default', join(root, 'gone')), {
    message: /^credentials-file: .*\/gone cannot be read: ENOENT/,
  });
});

t.test('those of an instance are renewed before they expire, once for all that wait', async (t) => {
  const role = roleFor(() => opened.clock.now(), 60 * minute);
  const opened = sources({ ask: role.ask });
  const get = openCredentials(opened);
  const first = await Promise.all([get(), get(), get()]);
  t.same(new Set(first.map(({ accessKeyId }) => accessKeyId)), new Set(['ASIA1']));
  t.same(
    role.asked.map(({ method, url, headers }) => [method, url, Object.entries(headers).join()]),
    [
      ['PUT', 'http://169.254.169.254/latest/api/token', 'x-aws-ec2-metadata-token-ttl-seconds,300'],
      ...['', 'mirror-role'].map((name) => [
        ...['GET', `http://169.254.169.254/latest/meta-data/iam/security-credentials/${name}`],
        'x-aws-ec2-metadata-token,token-1',
      ]),
    ],
  );
  t.match(first[0], { secretAccessKey: 's', sessionToken: 't' });
  opened.clock.advance(54 * minute);
  t.match(await get(), { accessKeyId: 'ASIA1' });
  opened.clock.advance(2 * minute);
  t.match(await get(), { accessKeyId: 'ASIA2' });
  t.match(await get(await get()), { accessKeyId: 'ASIA3' }, 'and if the store says that they have expired');
});

t.test('while they cannot be renewed, what has not expired yet is used', async (t) => {
  let isDown = false;
  const role = roleFor(() => opened.clock.now(), 60 * minute);
  const ask: AskMetadata = (...request) => (isDown ? none : role.ask)(...request);
  const opened = sources({ ask });
  const get = openCredentials(opened);
  await get();
  isDown = true;
  opened.clock.advance(57 * minute);
  t.match(await get(), { accessKeyId: 'ASIA1' });
  opened.clock.advance(4 * minute);
  const error = await rejection(get());
  t.ok(error instanceof StorageError);
  t.match(error.message, /^no credentials for the object store: http:\/\/169.*; set AWS_ACCESS_KEY_ID and .* a role$/);
  isDown = false;
  t.match(await get(), { accessKeyId: 'ASIA2' });
});

t.test('a container is asked where its environment says, and nobody else in the clear', async (t) => {
  const asked = async (env: Readonly<Record<string, string>>): Promise<string> => {
    const role = roleFor(() => 0, 60 * minute);
    await openCredentials(sources({ env, ask: role.ask }))();
    return role.asked.map(({ url, headers }) => `${url} ${headers.authorization}`).join();
  };
  const uri = 'AWS_CONTAINER_CREDENTIALS_FULL_URI';
  t.equal(
    await asked({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/x?id=1' }),
    'http://169.254.170.2/v2/x?id=1 undefined',
  );
  t.equal(
    await asked({ [uri]: 'http://169.254.170.23/v1', AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/x' }),
    'http://169.254.170.23/v1 from-file',
  );
  t.equal(
    await asked({ [uri]: 'https://elsewhere.example/', AWS_CONTAINER_AUTHORIZATION_TOKEN: 'given' }),
    'https://elsewhere.example/ given',
  );
  for (const wrong of ['http://elsewhere.example/', 'http://169.254.170.2.example/', 'file:///etc/passwd', 'x']) {
    const error = await rejection(asked({ [uri]: wrong }));
    t.ok(error instanceof UsageError);
    t.equal(error.message, `${uri}: expected https, or http on this machine`);
  }
});

t.test('answers of a role that make no sense are told without what they say', async (t) => {
  const bodies = [
    '',
    'null',
    '{}',
    '{"AccessKeyId":"hidden"}',
    '{"AccessKeyId":"hidden","SecretAccessKey":"hidden","Token":"x","Expiration":"soon"}',
  ];
  for (const body of bodies) {
    const ask: AskMetadata = async (_method, { href }) => ({
      status: 200,
      body: href.endsWith('/role') ? body : href.endsWith('/security-credentials/') ? 'role' : 'token',
    });
    const error = await rejection(openCredentials(sources({ ask }))());
    t.ok(error instanceof StorageError);
    t.notMatch(error.message, /hidden/);
  }
  const roleless: AskMetadata = async (method) =>
    method === 'PUT' ? { status: 200, body: 'x' } : { status: 404, body: '' };
  t.match(
    (await rejection(openCredentials(sources({ ask: roleless }))())).message,
    /this machine has no role; set AWS_/,
  );
});

t.test('a service for metadata is asked directly, and again if it fails', async (t) => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    if (requests < 3) response.writeHead(500).end();
    else if (request.headers.authorization !== 'secret') response.writeHead(403).end();
    else
      response.end(
        JSON.stringify({ AccessKeyId: 'A', SecretAccessKey: 'S', Token: 'T', Expiration: '2099-01-01T00:00:00Z' }),
      );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const dispatcher = openDirectly(1_000);
  t.teardown(async () => {
    await dispatcher.destroy();
    server.close();
  });
  const get = openStoreCredentials({
    ...{ credentialsFile: undefined, profile: 'default', target: { root: t.testdir() }, clock: new FakeClock() },
    signal: new AbortController().signal,
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(server.address() as AddressInfo).port}/role`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'secret',
    },
    connect: () => dispatcher,
  });
  t.match(await get(), { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' });
  t.equal(requests, 3);
});

/** Upstreams that nobody can talk to: one line that names the reason, exit code 3, and nothing is made of it. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createSocketServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openBundle } from '../e2e/bundle.ts';
import { run } from '../e2e/program.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { filesIn } from './differences.ts';

const program = join(await openBundle(), 'pep381run');

function newFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'unreachable-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The port that a server got; it ends with the test. */
async function portOf(t: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const server = createSocketServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The path of a certificate for so many days, its key beside it; undefined where none can be made. */
function makeCertificate(t: Test, days: number): string | undefined {
  const folder = newFolder(t);
  const openssl = (...args: string[]): boolean => spawnSync('openssl', args, { cwd: folder }).status === 0;
  const isMade =
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'key',
      '-out',
      'csr',
      '-subj',
      '/CN=localhost',
    ) && openssl('x509', '-req', '-in', 'csr', '-signkey', 'key', '-days', String(days), '-out', 'certificate');
  return isMade ? join(folder, 'certificate') : undefined;
}

/** The port of a server with the certificate at that path. */
function tlsPort(t: Test, certificate: string): Promise<number> {
  const key = readFileSync(join(certificate, '../key'));
  return portOf(t, createTlsServer({ cert: readFileSync(certificate), key }));
}

/** A first run must fail for `reason`, and the next, with an upstream that works, must not remember it. */
async function refuses(t: Test, upstream: string, reason: RegExp, env: Record<string, string> = {}): Promise<void> {
  const target = join(newFolder(t), 'target');
  const { code, stdout, stderr } = await run(program, ['-q', '--upstream', upstream, target], { env });
  t.equal(code, 3, stderr);
  t.equal(stdout, '');
  const [error = '', summary = '', ...more] = stderr.trimEnd().split('\n');
  t.ok(error.startsWith(`pep381run: error: ${upstream}/pypi: `) && reason.test(error), error);
  t.match(summary, /^0 projects published, 0 files copied/);
  t.same(more, []);
  t.same(filesIn(target), {});
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  t.match(await run(program, ['-q', '--upstream', server.url, target]), {
    ...{ code: 0, stderr: '' },
    stdout: /^Upstream can be reached again[^\n]*\n$/,
  });
}

// All at the same time, because each waits a few seconds between its tries.
t.jobs = 6;

t.test('a port that is closed', async (t) => {
  await refuses(t, `http://127.0.0.1:${await closedPort()}`, /ECONNREFUSED/);
});

t.test('a name that nobody knows', async (t) => {
  await refuses(t, 'https://mirror.invalid', /ENOTFOUND|EAI_AGAIN/);
});

t.test('a certificate that nobody vouches for', async (t) => {
  const certificate = makeCertificate(t, 1);
  if (certificate === undefined) return t.comment('openssl makes no certificate here');
  await refuses(t, `https://localhost:${await tlsPort(t, certificate)}`, /self-signed certificate/);
});

t.test('a certificate that has expired', async (t) => {
  const certificate = makeCertificate(t, -1);
  if (certificate === undefined) return t.comment('openssl makes no such certificate here');
  const upstream = `https://localhost:${await tlsPort(t, certificate)}`;
  await refuses(t, upstream, /certificate has expired/, { NODE_EXTRA_CA_CERTS: certificate });
});

t.test('something that speaks another protocol', async (t) => {
  const port = await portOf(
    t,
    createSocketServer((socket) => socket.on('error', () => {}).end('SSH-2.0-nothing\r\n')),
  );
  await refuses(t, `http://127.0.0.1:${port}`, /HTTP/);
});

t.test('a proxy that wants to know who asks', async (t) => {
  const server = createServer((_, response) => response.writeHead(407).end('who are you?'));
  await refuses(t, `http://127.0.0.1:${await portOf(t, server)}`, /found 407/);
});

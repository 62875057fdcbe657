/** The virtual host with TLS: what the one without answers, by HTTP/2 and HTTP/1.1, and a redirect from there. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { get } from 'node:https';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import t from 'tap';
import { apacheOrReason, bucketHostFile, openApache, virtualHostFile } from '../fixtures/apache.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { programsOrReason } from '../fixtures/programs.ts';
import { ask } from './ask.ts';
import { page, writeSmallMirror } from './small-mirror.ts';

interface TlsHostScript {
  tlsHost(shipped: string, plain: string): string;
}

t.test('the virtual hosts with TLS are those without, but for their first lines', async (t) => {
  const script = new URL('../../scripts/developer/tls-host.mjs', import.meta.url).href;
  const { tlsHost } = (await import(script)) as TlsHostScript;
  for (const file of [virtualHostFile, bucketHostFile]) {
    const made = readFileSync(file.replace('.conf', '-tls.conf'), 'utf8');
    t.equal(made, tlsHost(readFileSync(file, 'utf8'), basename(file)), 'npm run build makes it');
  }
});

const apacheOrWhy = apacheOrReason();
const needs = apacheOrWhy.skip === false ? programsOrReason('openssl') : apacheOrWhy;

t.test('it answers many requests of one connection, and leads there from plain http', needs, async (t) => {
  const folder = openToAll(t).testdir({ target: {} });
  const [target, certificate, key] = ['target', 'pypi.pem', 'pypi.key'].map((name) => join(folder, name));
  if (target === undefined || certificate === undefined || key === undefined) throw new Error('three names');
  writeSmallMirror(target);
  const names = ['-subj', '/CN=pypi.example.org', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', certificate];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', ...names, ...files], { stdio: 'pipe' });
  const apache = await openApache({ target, tls: { certificate, key } });
  t.teardown(() => apache.close());

  const moved = await ask(apache.url, '/simple/foo-bar/');
  t.same([moved.status, moved.headers.location], [301, 'https://pypi.example.org/simple/foo-bar/']);

  const ca = readFileSync(certificate);
  const session = connect(apache.tlsUrl, { ca });
  t.teardown(() => session.close());
  const json = 'application/vnd.pypi.simple.v1+json';
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => askBy(session, { ':path': '/simple/foo-bar/', accept: json })),
  );
  t.equal(session.alpnProtocol, 'h2');
  t.same(new Set(replies.map(({ headers }) => headers[':status'])), new Set([200]));
  t.same(new Set(replies.map(({ body }) => body)), new Set([page('web/simple/foo-bar/index.v1_json')]));
  const { headers } = await askBy(session, { ':path': '/simple/Foo' });
  t.equal(headers.location, `${apache.tlsUrl}/simple/foo/`, 'redirects stay with TLS');

  const old = get(`${apache.tlsUrl}/simple/`, { ca });
  const [reply] = await once(old, 'response');
  t.same([reply.statusCode, reply.httpVersion], [200, '1.1']);
  reply.resume();
});

async function askBy(
  session: ClientHttp2Session,
  question: Readonly<Record<string, string>>,
): Promise<{ readonly headers: IncomingHttpHeaders; readonly body: string }> {
  const stream = session.request(question);
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  return { headers, body: (await buffer(stream)).toString() };
}

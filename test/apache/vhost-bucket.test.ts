/** What only the virtual host for a bucket has to do: to hide the store behind it, and to bear its failures. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { openApache } from '../fixtures/apache.ts';
import { openBucketMirror } from '../fixtures/bucket-mirror.ts';
import { bucketHost, cachedBucketHost } from '../fixtures/hosts.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { programsOrReason } from '../fixtures/programs.ts';
import { ask } from './ask.ts';
import { blobFolder, page, secret, writeSmallMirror } from './small-mirror.ts';

const wheel = `/${blobFolder}/foo_bar-1.0.whl`;
const json = 'application/vnd.pypi.simple.v1+json';
const { needs } = bucketHost;

t.test('nothing of the store is seen, and nothing but what is served', needs, async (t) => {
  const target = openToAll(t).testdir({ 'lease.json': secret, state: { 'a.db': secret } });
  writeSmallMirror(target);
  const { url } = await bucketHost.open(t, { target });

  for (const path of ['/', '/simple/', '/simple/plain/', '/simple/nothing/', wheel, '/last-modified', '/nothing']) {
    for (const encoding of ['identity', 'gzip']) {
      const { headers, body } = await ask(url, path, { headers: { 'Accept-Encoding': encoding } });
      const told = Object.keys(headers).filter((name) => /^x-(?!content-type-options|robots-tag)/.test(name));
      t.strictSame(told, [], path);
      t.match(headers.server, /^Apache/, path);
      t.notMatch(body.toString(), /RequestId|BucketName/, path);
    }
  }
  const others = ['lease.json', 'state/a.db', 'state.db', 'trash/index.html', 'staging/foo', ''];
  for (const other of others) {
    for (const up of ['/', '/../', '/%2e%2e/', '/simple/..%2f..%2f', '/simple/%2e%2e/%2e%2e/', '//', '/web/../']) {
      const { status, body } = await ask(url, `${up}${other}`);
      if (other !== '') t.ok([400, 404].includes(status ?? 0), `${up}${other}: ${status}`);
      t.notMatch(body.toString(), secret, `${up}${other}`);
    }
  }
  for (const own of ['/.again', '/.missing', '/.changed', '/.failed', '/find/.found', '/find/.missing']) {
    t.ok([404, 412, 503].includes((await ask(url, own)).status ?? 0), own);
  }
  for (const query of ['?acl', '?uploads', '?list-type=2', '?versionId=1', '?response-content-type=text/html']) {
    for (const path of ['/simple/', wheel, '/last-modified']) {
      const [plain, asked] = [await ask(url, path), await ask(url, path + query)];
      t.same(
        [asked.status, asked.headers['content-type'], asked.body],
        [200, plain.headers['content-type'], plain.body],
      );
    }
  }
  for (const method of ['PUT', 'DELETE', 'POST', 'PATCH']) {
    t.equal((await ask(url, wheel, { method, body: method === 'DELETE' ? '' : 'x' })).status, 405, method);
  }
  const names = { Authorization: 'Basic eDp5', Cookie: 'a=b', Origin: 'https://notebooks.example' };
  t.equal((await ask(url, wheel, { headers: names })).body.toString(), '0123456789', 'what a client says of itself');
});

t.test('what is missing is 404, whether or not the store may say so', needs, async (t) => {
  const target = openToAll(t).testdir();
  writeSmallMirror(target);
  const mirror = await openBucketMirror(t, target, { listing: true });
  const apache = await openApache({ target: mirror.url });
  t.teardown(() => apache.close());
  const get = (path: string) => ask(apache.url, path, { headers: { Accept: json, 'Accept-Encoding': 'gzip' } });
  for (const path of ['/simple/nothing/', '/nothing', `/${blobFolder}/nothing.whl`, '/find?name=nothing']) {
    t.equal((await get(path)).status, 404, path);
  }
  const { status, body } = await get('/simple/plain/');
  t.same([status, body.toString()], [200, page('plain json')], 'a page without a twin');
  t.match(await get('/find?name=plain'), { status: 303 });
});

t.test('what stores take amiss is not passed on', needs, async (t) => {
  const target = openToAll(t).testdir();
  writeSmallMirror(target);
  const { url } = await bucketHost.open(t, { target });
  const all: Readonly<Record<string, string>>[] = [
    { 'If-Modified-Since': 'now' },
    { 'If-Modified-Since': new Date(0).toUTCString(), 'If-None-Match': '"x"' },
    { 'If-None-Match': 'W/"x", "y"' },
    { Range: 'bytes=0-1,3-4' },
    { Range: 'lines=1' },
  ];
  for (const headers of all) {
    for (const path of ['/simple/', wheel]) {
      t.equal((await ask(url, path, { headers })).status, 200, `${path} ${JSON.stringify(headers)}`);
    }
  }
  const { headers } = await ask(url, wheel);
  const since = { 'If-Modified-Since': headers['last-modified'] ?? '' };
  t.equal((await ask(url, wheel, { headers: since })).status, 304);
});

t.test('a file that changed since a client began is sent from its beginning', needs, async (t) => {
  const target = openToAll(t).testdir();
  writeSmallMirror(target);
  const { url } = await bucketHost.open(t, { target });
  const part = async (ifRange: string) => {
    const { status, body } = await ask(url, wheel, { headers: { 'If-Range': ifRange, Range: 'bytes=5-' } });
    return [status, body.toString()];
  };
  const { etag = '' } = (await ask(url, wheel)).headers;
  t.same(await part(etag), [206, '56789']);
  t.same(await part('"other"'), [200, '0123456789']);
  t.same(await part(`W/${etag}`), [200, '0123456789'], 'a weak ETag says nothing of bytes');
  t.same(await part(new Date().toUTCString()), [200, '0123456789']);
  t.equal((await ask(url, wheel, { headers: { 'If-Match': '"other"' } })).status, 412);
});

t.test('the cache answers for the store', cachedBucketHost.needs, async (t) => {
  const target = openToAll(t).testdir();
  writeSmallMirror(target);
  const edit = (shipped: string) => shipped.replace('timeout=60', 'timeout=1');
  const { url, store } = await cachedBucketHost.open(t, { target, edit });
  // pip asks for pages with max-age=0.
  const get = (path: string, accept = json, age = 'max-age=60') =>
    ask(url, path, { headers: { Accept: accept, 'Accept-Encoding': 'gzip', 'Cache-Control': age } });
  const kept = ['/simple/', '/simple/foo-bar/', `${wheel}`, `${wheel}.metadata`];
  const before = await Promise.all(kept.map((path) => get(path)));
  await get('/last-modified');
  await get('/simple/nothing/');
  store.freeze();
  for (const [index, path] of kept.entries()) {
    const { status, headers, body } = await get(path, json, 'max-age=0');
    const first = before[index];
    t.same([status, body], [200, first?.body], path);
    const same = [
      'content-type',
      'content-encoding',
      'etag',
      'cache-control',
      'content-security-policy',
      'x-robots-tag',
    ];
    for (const name of same) t.equal(headers[name], first?.headers[name], `${path}: ${name}`);
    const { etag = '' } = headers;
    const again = await ask(url, path, { headers: { Accept: json, 'Accept-Encoding': 'gzip', 'If-None-Match': etag } });
    t.equal(again.status, 304, path);
    const forBrowsers = [again.headers['access-control-allow-origin'], again.headers['x-content-type-options']];
    t.same(forBrowsers, ['*', 'nosniff'], 'once');
  }
  t.equal((await get('/simple/foo-bar/', 'text/html')).status, 503, 'the other form is not taken for it');
  t.equal((await get('/last-modified')).status, 503, 'what is asked for again each time is not kept');
  t.equal((await get('/simple/nothing/')).status, 503, 'nor is what was missing');
  store.thaw();
  t.equal((await get('/last-modified')).status, 200);
});

const tls = needs.skip === false ? programsOrReason('openssl') : needs;

t.test('a store with https must have a certificate for its name', tls, async (t) => {
  const folder = openToAll(t).testdir({ target: {} });
  const [target, certificate, key] = [join(folder, 'target'), join(folder, 'store.pem'), join(folder, 'store.key')];
  writeSmallMirror(target);
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...names, ...files], { stdio: 'pipe' });
  const mirror = await openBucketMirror(t, target);
  const { hostname, port, pathname } = new URL(mirror.url);
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (asked, answer) => {
    const { method, url: path } = asked;
    const headers = { ...asked.headers, host: `${hostname}:${port}` };
    const passed = request({ hostname, port, method, path, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    passed.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const at = (name: string) => `https://${name}:${(server.address() as AddressInfo).port}${pathname}`;
  const trusting = (shipped: string) => shipped.replace('/etc/ssl/certs/ca-certificates.crt', certificate);
  for (const [url, edit, expected] of [
    [at('localhost'), trusting, 200],
    [at('127.0.0.1'), trusting, 503],
    [at('localhost'), (shipped: string) => shipped, 503],
  ] as const) {
    const apache = await openApache({ target: url, edit });
    t.teardown(() => apache.close());
    t.equal((await ask(apache.url, '/simple/')).status, expected);
  }
});

// The last one: for half a minute after a gateway was killed, another one cannot make buckets.
t.test('while the store is down, Apache says so, and nobody keeps that', needs, async (t) => {
  const target = openToAll(t).testdir();
  writeSmallMirror(target);
  const { url, store } = await bucketHost.open(t, {
    target,
    edit: (shipped) => shipped.replace('timeout=60', 'timeout=1'),
  });
  const down = async (what: string): Promise<void> => {
    for (const path of ['/', '/simple/', '/simple/plain/', '/simple/nothing/', wheel, '/find?name=plain']) {
      const { status, headers } = await ask(url, path, { headers: { 'Accept-Encoding': 'gzip' } });
      t.same([status, headers['cache-control']], [503, 'no-store'], `${path}, ${what}`);
      t.match(headers['retry-after'], /^\d+$/, path);
      t.equal(headers['access-control-allow-origin'], '*');
    }
  };
  t.equal((await ask(url, '/simple/')).status, 200);
  store.freeze();
  await down('frozen');
  store.thaw();
  t.equal((await ask(url, '/simple/')).status, 200, 'at once');
  await store.kill();
  await down('killed');
  t.equal((await ask(url, '/simple/Foo')).status, 301, 'what needs no store is answered');
  await store.start();
  t.equal((await ask(url, '/simple/')).status, 200, 'at once');
});

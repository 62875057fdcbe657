/**
 * What only the virtual hosts have to do that have a bucket behind them, for all or for the files: to hide the store, and to
 * bear its failures.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { openApache } from '../fixtures/apache.ts';
import { openBucketMirror } from '../fixtures/bucket-mirror.ts';
import { bucketHost, cachedBucketHost } from '../fixtures/hosts.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { programsOrReason } from '../fixtures/programs.ts';
import { ask, type Question } from './ask.ts';
import { blobFolder, page, releaseSuffixes, secret, writeSmallMirror } from './small-mirror.ts';

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
  const [otherForm, always, missing] = await Promise.all([
    get('/simple/foo-bar/', 'text/html'),
    get('/last-modified'),
    get('/simple/nothing/'),
  ]);
  t.equal(otherForm.status, 503, 'the other form is not taken for it');
  t.equal(always.status, 503, 'what is asked for again each time is not kept');
  t.equal(missing.status, 503, 'nor is what was missing');
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
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', ...names, ...files], { stdio: 'pipe' });
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

/** Serves a mirror in a folder whose files are in a bucket: passed on, or redirected to. */
async function openInFolder(t: Test, redirect: boolean) {
  const target = openToAll(t).testdir({ web: { packages: { 'in-the-folder': 'x' } } });
  writeSmallMirror(target);
  const mirror = await openBucketMirror(t, target);
  rmSync(join(target, 'web/packages'), { recursive: true });
  const files = `${mirror.url}/web`;
  const apache = await openApache({ target, packages: { url: files, redirect } });
  t.teardown(() => apache.close());
  return { files, url: apache.url };
}

t.test('files of a mirror in a folder are passed on', needs, async (t) => {
  const { url } = await openInFolder(t, false);
  const get = (path: string, question?: Question) => ask(url, path, question);
  t.equal((await get('/simple/foo-bar/')).status, 200, 'pages come from the folder');
  for (const suffix of [...releaseSuffixes, '.whl?x=y']) {
    const path = `/${blobFolder}/foo_bar-1.0${suffix}`;
    const { status, headers, body } = await get(path, { headers: { Authorization: 'Basic eDp5' } });
    t.same([status, body.toString()], [200, '0123456789'], path);
    t.match(headers['content-type'], suffix === '.whl.provenance' ? /integrity/ : /^application\/octet-stream$/, path);
    t.match(headers['cache-control'], /provenance|variants/.test(suffix) ? /600/ : /immutable/, path);
    t.match(headers['content-security-policy'], /^default-src 'self'/);
    t.match(headers.server, /^Apache/);
    t.notOk(Object.keys(headers).some((name) => /^x-(?:amz|rgw)/.test(name)));
  }
  t.equal((await get(`/${blobFolder}/foo%20bar+1.0.whl`)).status, 200);
  const gzip = { 'Accept-Encoding': 'gzip' };
  const { headers, body } = await get(`${wheel}.metadata`, { headers: gzip });
  t.equal((headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString(), '0123456789');
  const { etag = '' } = (await get(wheel)).headers;
  t.equal((await get(wheel, { headers: { 'If-None-Match': etag } })).status, 304);
  const part = async (ifRange: string) =>
    (await get(wheel, { headers: { 'If-Range': ifRange, Range: 'bytes=5-' } })).body.toString();
  t.same([await part(etag), await part('"other"')], ['56789', '0123456789']);
  t.equal((await get(wheel, { headers: { Range: 'bytes=99-' } })).status, 416);
  t.equal((await get(wheel, { method: 'PUT', body: 'x' })).status, 405);
  t.equal((await get(wheel, { method: 'OPTIONS' })).status, 204);
  for (const path of [
    '/packages/',
    '/packages/ab/',
    `/${blobFolder}/nothing.whl`,
    `/${blobFolder}/.foo_bar-1.0.whl`,
    '/packages/../state.db',
    '/packages/%2e%2e/state.db',
    '/packages/../trash/index.html',
    '/packages/..%2f..%2fstate.db',
    '/packages/again',
    '/packages/missing',
  ]) {
    const { status, headers, body } = await get(path);
    t.equal(status, 404, path);
    t.notMatch(body.toString(), secret);
    t.notMatch(body.toString(), /BucketName/);
    t.notMatch(headers['cache-control'] ?? '', /immutable|max-age=[1-9]/, path);
  }
});

t.test('or clients are sent to them', needs, async (t) => {
  const { url, files } = await openInFolder(t, true);
  for (const name of [
    'foo_bar-1.0.whl',
    'foo_bar-1.0.whl.metadata',
    'foo_bar-1.0.whl.provenance',
    'foo%20bar+1.0.whl',
  ]) {
    const { status, headers } = await ask(url, `/${blobFolder}/${name}`);
    const { location = '' } = headers;
    t.same([status, location], [302, `${files}/${blobFolder}/${name.replace('+', '%2b')}`]);
    t.equal(await (await fetch(location)).text(), '0123456789');
  }
  t.equal((await ask(url, `/${blobFolder}/.foo_bar-1.0.whl`)).status, 404);
  t.equal((await ask(url, '/packages/')).status, 404);
  t.equal((await ask(url, '/packages/%2e%2e/state.db')).status, 404);
});

// The last one: for half a minute after a gateway was killed, another one cannot make buckets.
t.test('while the store is down, Apache says so, and nobody keeps that', needs, async (t) => {
  const target = openToAll(t).testdir();
  writeSmallMirror(target);
  const mirror = await openBucketMirror(t, target);
  const { store } = mirror;
  const edit = (shipped: string) => shipped.replace('timeout=60', 'timeout=1');
  const { url, close } = await openApache({ target: mirror.url, edit });
  t.teardown(() => close());
  const inFolder = await openApache({ target, packages: { url: `${mirror.url}/web`, redirect: false } });
  t.teardown(() => inFolder.close());
  const down = async (what: string): Promise<void> => {
    const paths = ['/', '/simple/', '/simple/plain/', '/simple/nothing/', wheel, '/find?name=plain'];
    const replies = await Promise.all(
      paths.map(async (path) => ({ path, ...(await ask(url, path, { headers: { 'Accept-Encoding': 'gzip' } })) })),
    );
    for (const { path, status, headers } of replies) {
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
  const { status, headers } = await ask(inFolder.url, wheel);
  t.match([status, headers['retry-after'], headers['cache-control']], [503, '60', 'no-store']);
  t.equal((await ask(inFolder.url, '/simple/foo-bar/')).status, 200, 'pages in a folder are served');
  t.equal((await ask(url, '/simple/Foo')).status, 301, 'what needs no store is answered');
  await store.start();
  t.equal((await ask(url, '/simple/')).status, 200, 'at once');
});

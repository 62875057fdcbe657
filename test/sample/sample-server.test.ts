import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { type HttpOptions, httpRequest } from './http-request.ts';
import { simpleType } from './reply.ts';
import { sampleIndex } from './sample-projects.ts';
import { openSampleServer } from './sample-server.ts';

const index = sampleIndex();
const server = await openSampleServer({ index });
t.teardown(() => server.close());

const ask = (path: string, headers: HttpOptions['headers'] = {}, method = 'GET') =>
  httpRequest(server.url + path, { headers, method });
const json = 'application/vnd.pypi.simple.v1+json';
const wheelPath = index.pathOf('sample-large', 'sample_large-1.0-py3-none-any.whl');
const wheel = index.blob(wheelPath)?.content ?? Buffer.alloc(0);

t.test('the representation follows Accept and ?format= as on PyPI', async (t) => {
  const html = 'application/vnd.pypi.simple.v1+html';
  const cases: [accept: string | undefined, type: string][] = [
    [`${json}, ${html}; q=0.1, text/html; q=0.01`, json],
    [`${json};q=0.2, ${html};q=0.9`, html],
    ['application/vnd.pypi.simple.latest+json', json],
    [`${json};q=0`, 'text/html'],
    ['*/*', 'text/html'],
    ['text/plain', 'text/html'],
    [undefined, 'text/html'],
  ];
  for (const [accept, type] of cases) t.equal(simpleType(accept), type, `${accept}`);
  const reply = await ask(`/simple/sample-base/?format=${encodeURIComponent(json)}`, { accept: 'text/html' });
  t.equal(reply.headers['content-type'], json);
  t.match(JSON.parse(reply.body.toString()), { name: 'sample-base', versions: ['1.0', '1.9', '1.10'] });
});

t.test('pages carry their serial, compress on demand and know their ETags', async (t) => {
  const serial = String(index.find('sample-base')?.serial);
  const plain = await ask('/simple/sample-base/', { accept: json });
  const packed = await ask('/simple/sample-base/', { accept: json, 'accept-encoding': 'gzip, deflate' });
  t.match(plain.headers, { 'x-pypi-last-serial': serial, vary: 'Accept, Accept-Encoding', etag: /^".*"$/ });
  t.equal(packed.headers['content-encoding'], 'gzip');
  t.same(gunzipSync(packed.body), plain.body);
  t.not(packed.headers.etag, plain.headers.etag);
  const same = await ask('/simple/sample-base/', { accept: json, 'if-none-match': plain.headers.etag });
  t.match(same, { status: 304, body: Buffer.alloc(0) });
  t.equal((await ask('/simple/sample-base/', { 'if-none-match': plain.headers.etag })).status, 200, 'another type');
});

t.test('the list leaves out quarantined projects, whose own page stays', async (t) => {
  const list = JSON.parse((await ask('/simple/', { accept: json })).body.toString());
  const names = list.projects.map(({ name }: { name: string }) => name);
  t.ok(names.includes('Sample.Camel_Case') && names.includes('sample-empty'));
  t.notOk(names.includes('sample-quarantined'));
  t.equal(list.meta['_last-serial'], index.serial);
  const page = JSON.parse((await ask('/simple/sample-quarantined/', { accept: json })).body.toString());
  t.match(page, { files: [], 'project-status': { status: 'quarantined' } });
  t.match((await ask('/simple/')).body.toString(), '<a href="/simple/sample-camel-case/">Sample.Camel_Case</a>');
});

t.test('other spellings are redirected, unknown names are not found', async (t) => {
  for (const path of ['/simple/Sample.Camel_Case/', '/simple/sample-camel-case', '/simple/SAMPLE--camel.case/']) {
    t.match(await ask(path), { status: 301, headers: { location: '/simple/sample-camel-case/' } }, path);
  }
  for (const path of ['/simple/nobody/', '/serverkey', '/', '/simple/a/b/', '/%'])
    t.equal((await ask(path)).status, 404, path);
  t.equal((await ask('/simple/', {}, 'PUT')).status, 405);
});

t.test('HEAD has the headers and no body', async (t) => {
  const reply = await ask(wheelPath, {}, 'HEAD');
  t.match(reply, { status: 200, headers: { 'content-length': String(wheel.length) }, body: Buffer.alloc(0) });
});

t.test('single ranges of a file', async (t) => {
  const size = wheel.length;
  const cases: [range: string, start: number, end: number][] = [
    ['bytes=0-9', 0, 10],
    ['bytes=3000000-', 3_000_000, size],
    ['bytes=-7', size - 7, size],
    [`bytes=5-${size * 2}`, 5, size],
  ];
  for (const [range, start, end] of cases) {
    const reply = await ask(wheelPath, { range });
    t.equal(reply.status, 206, range);
    t.equal(reply.headers['content-range'], `bytes ${start}-${end - 1}/${size}`, range);
    t.ok(reply.body.equals(wheel.subarray(start, end)), range);
  }
  t.match(await ask(wheelPath, { range: `bytes=${size}-` }), {
    status: 416,
    headers: { 'content-range': `bytes */${size}` },
  });
  for (const range of ['bytes=0-1,3-4', 'lines=1-2', 'bytes=9-1'])
    t.equal((await ask(wheelPath, { range })).status, 200, range);
});

t.test('If-Range honours the range only with the right ETag, and If-None-Match is ignored', async (t) => {
  const { etag } = (await ask(wheelPath, {}, 'HEAD')).headers;
  const range = 'bytes=10-19';
  t.equal((await ask(wheelPath, { range, 'if-range': etag })).status, 206);
  t.equal((await ask(wheelPath, { range, 'if-range': '"other"' })).status, 200);
  t.equal((await ask(wheelPath, { 'if-none-match': etag })).status, 200);
});

t.test('metadata and provenance stand beside their file', async (t) => {
  const path = index.pathOf('sample-provenance', 'sample_provenance-1.0-py3-none-any.whl');
  t.match((await ask(`${path}.metadata`)).body.toString(), /^Metadata-Version: 2.1\nName: sample-provenance\n/);
  const packed = await ask(`${path}.metadata`, { 'accept-encoding': 'gzip' });
  t.same(gunzipSync(packed.body), (await ask(`${path}.metadata`)).body);
  t.equal((await ask(`${index.pathOf('sample-sdist', 'sample_sdist-0.9.tar.gz')}.metadata`)).status, 404);
  const integrity = '/integrity/sample-provenance/1.0/sample_provenance-1.0-py3-none-any.whl/provenance';
  const accept = 'application/vnd.pypi.integrity.v1+json';
  const reply = await ask(integrity, { accept });
  const { statement } = JSON.parse(reply.body.toString()).attestation_bundles[0].attestations[0].envelope;
  const { subject } = JSON.parse(Buffer.from(statement, 'base64').toString());
  t.equal(subject[0].digest.sha256, index.blob(path)?.sha256);
  t.equal((await ask(integrity, { accept: 'text/html' })).status, 406);
  t.equal((await ask(integrity.replace('1.0/', '2.0/'), { accept })).status, 404);
});

t.test('statistics give the sizes', async (t) => {
  const reply = await ask('/stats/', { accept: 'application/json' });
  const { total_packages_size: total, top_packages: top } = JSON.parse(reply.body.toString());
  t.equal(top['sample-large'].size, wheel.length);
  t.ok(total > wheel.length);
  t.equal((await ask('/stats/')).headers['content-type'], 'text/html');
});

t.test('requests and traffic are counted', async (t) => {
  server.requests.length = 0;
  const before = server.traffic.bytesSent;
  await ask(wheelPath, { 'user-agent': 'tester' });
  t.match(server.requests, [{ method: 'GET', path: wheelPath, status: 200, headers: { 'user-agent': 'tester' } }]);
  const sent = server.traffic.bytesSent - before;
  t.ok(sent > wheel.length && sent < wheel.length + 1000);
  server.traffic.peakRequests = 0;
  await Promise.all([ask(wheelPath), ask(wheelPath), ask(wheelPath)]);
  t.ok(server.traffic.peakRequests >= 1 && server.traffic.peakRequests <= 3);
});

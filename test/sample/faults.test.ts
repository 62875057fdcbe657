import { createGunzip } from 'node:zlib';
import t from 'tap';
import { makeWheel } from './distributions.ts';
import { type HttpOptions, httpRequest } from './http-request.ts';
import { sampleIndex } from './sample-projects.ts';
import { openSampleServer } from './sample-server.ts';

const index = sampleIndex();
const server = await openSampleServer({ index });
t.teardown(() => server.close());
t.afterEach(() => server.faults.clear());

const { faults } = server;
const ask = (path: string, headers: HttpOptions['headers'] = {}) => httpRequest(server.url + path, { headers });
const call = (method: string) =>
  httpRequest(`${server.url}/pypi`, {
    method: 'POST',
    body: `<methodCall><methodName>${method}</methodName></methodCall>`,
  });
const json = { accept: 'application/vnd.pypi.simple.v1+json' };
const page = '/simple/sample-base/';
const file = index.pathOf('sample-base', 'sample_base-1.10-py3-none-any.whl');
const content = index.blob(file)?.content ?? Buffer.alloc(0);

/** Returns the bytes that arrive before the connection breaks, or before `enough` of them have arrived. */
const piecesOf = async (path: string, enough = Number.POSITIVE_INFINITY): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  const gaveUp = new AbortController();
  const onData = (chunk: Buffer): void => {
    pieces.push(chunk);
    if (Buffer.concat(pieces).length >= enough) gaveUp.abort();
  };
  await t.rejects(httpRequest(server.url + path, { onData, signal: gaveUp.signal }));
  return Buffer.concat(pieces);
};

t.test('a fault is limited to its pattern and its number of times, and can be switched off', async (t) => {
  faults.add({
    do: 'status',
    status: 503,
    retryAfter: '2',
    headers: { 'x-cache': 'MISS' },
    match: /^GET \/simple/,
    times: 2,
  });
  t.equal((await ask(file)).status, 200);
  t.match(await ask(page), { status: 503, headers: { 'retry-after': '2', 'x-cache': 'MISS' } });
  t.equal((await ask(page)).status, 503);
  t.equal((await ask(page)).status, 200);
  const off = faults.add({ do: 'status', status: 429 });
  t.equal((await ask(page)).status, 429);
  t.equal(server.requests.at(-1)?.status, 429);
  off();
  t.equal((await ask(page)).status, 200);
});

t.test('reset', async (t) => {
  faults.add({ do: 'reset' });
  await t.rejects(ask(page), { code: 'ECONNRESET' });
});

t.test('cut', async (t) => {
  faults.add({ do: 'cut', after: 100 });
  t.ok((await piecesOf(file)).equals(content.subarray(0, 100)));
});

t.test('corrupt', async (t) => {
  faults.add({ do: 'corrupt' });
  const { body } = await ask(file);
  t.equal(body.length, content.length);
  t.equal(body.filter((byte, at) => byte !== content[at]).length, 1);
});

t.test('truncate-length', async (t) => {
  faults.add({ do: 'truncate-length', by: 3 });
  t.ok((await ask(file)).body.equals(content.subarray(0, -3)));
});

t.test('stall before and within the body', async (t) => {
  faults.add({ do: 'stall', times: 1 });
  const arrived = server.requests.length;
  const gaveUp = new AbortController();
  const silent = httpRequest(server.url + file, { signal: gaveUp.signal });
  while (server.requests.length === arrived) await new Promise(setImmediate);
  gaveUp.abort();
  await t.rejects(silent, { name: 'AbortError' });
  faults.add({ do: 'stall', after: 50 });
  t.ok((await piecesOf(file, 50)).equals(content.subarray(0, 50)));
});

t.test('drip', async (t) => {
  faults.add({ do: 'drip', everyMs: 1 });
  const sizes: number[] = [];
  const { body } = await httpRequest(`${server.url}${file}.metadata`, { onData: (chunk) => sizes.push(chunk.length) });
  t.match(body.toString(), /^Metadata-Version/);
  t.ok(sizes.length > body.length / 4, 'the body came in small pieces');
});

t.test('endless', async (t) => {
  faults.add({ do: 'endless' });
  t.ok((await piecesOf(page, 3_000_000)).length >= 3_000_000);
});

t.test('gzip-bomb', async (t) => {
  faults.add({ do: 'gzip-bomb', mebibytes: 40 });
  const { body, headers } = await ask(page, json);
  t.equal(headers['content-encoding'], 'gzip');
  t.ok(body.length < 50_000);
  let unfolded = 0;
  for await (const chunk of createGunzip().end(body)) unfolded += chunk.length;
  t.equal(unfolded, 40 * 1024 * 1024);
});

t.test('html-200', async (t) => {
  faults.add({ do: 'html-200' });
  t.match(await ask(page, json), { status: 200, headers: { 'content-type': 'text/html' } });
});

t.test('wrong-range and ignore-range', async (t) => {
  faults.add({ do: 'wrong-range', times: 2 });
  t.match(await ask(file), { status: 200 });
  const forged = await ask(file, { range: 'bytes=100-199' });
  t.match(forged, { status: 206, headers: { 'content-range': `bytes 0-99/${content.length}` } });
  t.ok(forged.body.equals(content.subarray(100, 200)));
  faults.add({ do: 'ignore-range' });
  const whole = await ask(file, { range: 'bytes=100-199' });
  t.equal(whole.status, 200);
  t.ok(whole.body.equals(content));
});

t.test('etag-change', async (t) => {
  faults.add({ do: 'etag-change' });
  const { etag } = (await ask(file)).headers;
  t.not((await ask(file)).headers.etag, etag);
  t.equal((await ask(file, { range: 'bytes=1-', 'if-range': etag })).status, 200);
});

t.test('redirect', async (t) => {
  faults.add({ do: 'redirect', location: '/simple/elsewhere/' });
  t.match(await ask(page), { status: 301, headers: { location: '/simple/elsewhere/' } });
});

t.test('xmlrpc-fault and xmlrpc-off leave everything else alone', async (t) => {
  faults.add({ do: 'xmlrpc-fault', code: -32500, text: 'HTTPTooManyRequests', match: /changelog_last/ });
  const fault = await call('changelog_last_serial');
  t.equal(fault.status, 200);
  t.match(fault.body.toString(), /<int>-32500<.*HTTPTooManyRequests/s);
  t.match((await call('list_packages_with_serial')).body.toString(), /<struct>/);
  faults.add({ do: 'xmlrpc-off', status: 405 });
  t.equal((await call('changelog_last_serial')).status, 405);
  t.equal((await ask(page)).status, 200);
});

t.test('delay comes before another fault', async (t) => {
  faults.add({ do: 'delay', ms: 30 });
  faults.add({ do: 'status', status: 500 });
  const start = performance.now();
  t.equal((await ask(page)).status, 500);
  t.ok(performance.now() - start > 25);
});

t.test('body', async (t) => {
  faults.add({ do: 'body', body: '{}', contentType: 'application/json' });
  t.match(await ask(file, { range: 'bytes=1-' }), { status: 200, headers: { 'content-type': 'application/json' } });
});

t.test('a frozen page stays as it was until thawed, for gzip only if so wished', async (t) => {
  const serialOf = async (headers = {}) =>
    Number((await ask(page, { ...json, ...headers })).headers['x-pypi-last-serial']);
  const before = index.find('sample-base')?.serial;
  faults.freeze('Sample_Base');
  faults.freeze('sample-new');
  faults.freezeList();
  index.addRole('sample-base', 'bob');
  index.publish(makeWheel({ name: 'sample-new', version: '1' }));
  t.equal(await serialOf(), before);
  t.equal((await ask('/simple/sample-new/')).status, 404);
  t.notMatch((await ask('/simple/')).body.toString(), 'sample-new');
  faults.thaw('sample-new');
  t.equal((await ask('/simple/sample-new/')).status, 200);
  faults.thaw();
  t.equal(await serialOf(), index.find('sample-base')?.serial);
  faults.freeze('sample-base', { encoding: 'gzip' });
  const frozen = index.find('sample-base')?.serial;
  index.addRole('sample-base', 'carol');
  t.equal(await serialOf({ 'accept-encoding': 'gzip' }), frozen);
  t.equal(await serialOf(), index.serial);
});

t.test('close breaks off what hangs', async (t) => {
  const other = await openSampleServer({ index });
  other.faults.add({ do: 'stall' });
  const hanging = httpRequest(`${other.url}/simple/`);
  const broken = t.rejects(hanging);
  while (other.requests.length === 0) await new Promise(setImmediate);
  await other.close();
  await broken;
});

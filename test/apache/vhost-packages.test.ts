/** The virtual host for a folder whose files are in a bucket: passed on, or redirected to. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { openApache } from '../fixtures/apache.ts';
import { openBucketMirror } from '../fixtures/bucket-mirror.ts';
import { bucketHost } from '../fixtures/hosts.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { ask, type Question } from './ask.ts';
import { blobFolder, releaseSuffixes, secret, writeSmallMirror } from './small-mirror.ts';

const wheel = `/${blobFolder}/foo_bar-1.0.whl`;
const { needs } = bucketHost;

async function open(t: Test, redirect: boolean) {
  const target = openToAll(t).testdir({ web: { packages: { 'in-the-folder': 'x' } } });
  writeSmallMirror(target);
  const mirror = await openBucketMirror(t, target);
  rmSync(join(target, 'web/packages'), { recursive: true });
  const files = `${mirror.url}/web`;
  const apache = await openApache({ target, packages: { url: files, redirect } });
  t.teardown(() => apache.close());
  return { files, store: mirror.store, url: apache.url };
}

t.test('files are passed on', needs, async (t) => {
  const { url, store } = await open(t, false);
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
  await store.kill();
  const { status, headers: told } = await get(wheel);
  t.match([status, told['retry-after'], told['cache-control']], [503, '60', 'no-store']);
  t.equal((await get('/simple/foo-bar/')).status, 200);
  await store.start();
});

t.test('or clients are sent to them', needs, async (t) => {
  const { url, files } = await open(t, true);
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

/** What Apache itself answers is as harmless as what it serves, and what is compressed already is not compressed again. */
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Test } from 'tap';
import { someCases } from '../fixtures/every-case.ts';
import { ask, type Question } from './ask.ts';
import { blobFolder, releaseSuffixes } from './small-mirror.ts';
import type { TriedHost } from './tried-host.ts';

const module = '/usr/lib/apache2/modules/mod_brotli.so';

export async function testErrors(t: Test, { apache }: TriedHost): Promise<void> {
  const rows: readonly (readonly [status: number, path: string, question?: Question])[] = [
    [404, '/nothing'],
    [404, '/simple/nothing/'],
    [404, '/simple/empty/', { headers: { Accept: 'application/vnd.pypi.simple.v1+json' } }],
    [404, '/simple/%ff'],
    [404, `/${blobFolder}/nothing.whl`],
    [404, '/packages/'],
    [405, '/simple/foo-bar/', { method: 'PUT', body: 'x' }],
    [301, '/packages'],
    [416, `/${blobFolder}/foo_bar-1.0.whl`, { headers: { Range: 'bytes=99-' } }],
  ];
  for (const [expected, path, question] of rows) {
    const { status, headers } = await ask(apache.url, path, question);
    t.same([status, headers['x-content-type-options']], [expected, 'nosniff'], path);
    t.match(headers['content-security-policy'], /^default-src 'self'; .*frame-ancestors 'none'$/, path);
    t.notMatch(headers['cache-control'] ?? '', /immutable|max-age=[1-9]/, `${path}: what is missing may come`);
  }
}

export async function testLongNames(t: Test, { apache }: TriedHost): Promise<void> {
  for (const path of [
    `/simple/${'x'.repeat(256)}/`,
    `/simple/${'x'.repeat(300)}`,
    `/simple/foo-bar/${'x'.repeat(256)}`,
    `/simple/${'%C3%A4'.repeat(128)}/`,
    `/packages/${'x'.repeat(4000)}`,
    `/${blobFolder}/${'x'.repeat(256)}.whl`,
    `/${blobFolder}/${'x/'.repeat(3000)}`,
    `/${'x'.repeat(255)}${'/x'.repeat(2000)}`,
  ]) {
    t.equal((await ask(apache.url, path)).status, 404, `${path.slice(0, 80)}, ${path.length} bytes`);
  }
  const longest = 'x'.repeat(255);
  t.equal((await ask(apache.url, `/simple/${longest}`)).headers.location, `${apache.url}/simple/${longest}/`);
}

const metadata = `/${blobFolder}/long-1.0.whl.metadata`;
const text = 'Metadata-Version: 2.4\n'.repeat(100);

/** Writes metadata that are worth to be compressed. */
export function writeLongMetadata(target: string): void {
  writeFileSync(join(target, 'web', metadata), text);
  utimesSync(join(target, 'web', metadata), 1_700_000_000, 1_700_000_000);
}

export async function testCompression(t: Test, { apache: opened, host }: TriedHost): Promise<void> {
  const ofOthers = [
    '',
    'SetOutputFilter DEFLATE',
    '<Location />\nSetOutputFilter DEFLATE\n</Location>',
    'AddOutputFilterByType DEFLATE application/octet-stream application/vnd.pypi.integrity.v1+json',
    `LoadModule brotli_module ${module}\nSetOutputFilter BROTLI_COMPRESS;DEFLATE`,
  ];
  // With a bucket every other one, and with its cache those between them.
  const tried = host.inBucket ? someCases(ofOthers, 2, host.hasCache ? 1 : 0) : ofOthers;
  for (const settings of tried.filter((text) => !text.includes(module) || existsSync(module))) {
    const apache = await opened.another(t, { edit: (shipped) => `${settings}\n${shipped}` });
    const get = (path: string, headers: Readonly<Record<string, string>>) => ask(apache.url, path, { headers });
    for (const suffix of releaseSuffixes.filter((suffix) => suffix !== '.whl.metadata')) {
      const path = `/${blobFolder}/foo_bar-1.0${suffix}`;
      const { headers, body } = await get(path, { 'Accept-Encoding': 'gzip, br' });
      const what = `${path} under ${settings}`;
      t.same(
        [headers['content-encoding'], headers['content-length'], headers.vary, body.toString()],
        [undefined, '10', undefined, '0123456789'],
        what,
      );
      t.equal((await get(path, { 'Accept-Encoding': 'gzip, br', Range: 'bytes=2-4' })).body.toString(), '234', what);
    }
    const plain = await get(metadata, {});
    t.same([plain.headers['content-encoding'], plain.body.toString()], [undefined, text]);
    const packed = await get(metadata, { 'Accept-Encoding': 'gzip, br' });
    t.same([packed.headers['content-encoding'], gunzipSync(packed.body).toString()], ['gzip', text], settings);
    t.match(packed.headers.vary, /Accept-Encoding/);
    t.match(plain.headers.vary, /Accept-Encoding/, 'a cache that has it as it is asks again');
    t.equal(packed.headers['content-type'], 'application/octet-stream');
    t.match(packed.headers['cache-control'], /immutable/);
    const known = (etag = '', encoding = 'identity') =>
      get(metadata, { 'Accept-Encoding': encoding, 'If-None-Match': etag }).then(({ status }) => status);
    t.not(plain.headers.etag, packed.headers.etag);
    t.equal(await known(packed.headers.etag, 'gzip'), 304, settings);
    t.equal(await known(plain.headers.etag), 304);
    t.equal(await known(packed.headers.etag), 200);
    t.equal(await known(plain.headers.etag, 'gzip'), 200);
    // A store sends no bytes with HEAD, so that there is nothing to compress.
    if (host.inBucket) continue;
    const head = await ask(apache.url, metadata, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } });
    t.same([head.status, head.headers['content-encoding']], [200, 'gzip']);
  }
}

export const noBrotli = existsSync(module) ? false : `${module} is not there: it comes with apache2-bin`;

export async function testBrotli(t: Test, { apache: opened }: TriedHost): Promise<void> {
  const types = 'text/html application/vnd.pypi.simple.v1+json application/vnd.pypi.simple.v1+html application/json';
  const compressing = [
    `LoadModule brotli_module ${module}`,
    `AddOutputFilterByType BROTLI_COMPRESS ${types}`,
    `AddOutputFilterByType DEFLATE ${types}`,
  ];
  const apache = await opened.another(t, { edit: (shipped) => [...compressing, shipped].join('\n') });
  const br = await ask(apache.url, '/index.html', { headers: { 'Accept-Encoding': 'br' } });
  t.equal(br.headers['content-encoding'], 'br', 'it is on');
  for (const path of ['/simple/', '/simple/foo-bar/', '/simple/plain/']) {
    for (const type of ['text/html', 'application/vnd.pypi.simple.v1+json', 'application/vnd.pypi.simple.v1+html']) {
      const plain = await ask(apache.url, path, { headers: { Accept: type } });
      for (const [encoding, expected] of [
        ['br', undefined],
        ['br, deflate', undefined],
        ['gzip, br', path === '/simple/plain/' ? undefined : 'gzip'],
      ] as const) {
        const what = `${path} as ${type} in ${encoding}`;
        const { headers, body } = await ask(apache.url, path, {
          headers: { Accept: type, 'Accept-Encoding': encoding },
        });
        t.equal(headers['content-encoding'], expected, what);
        t.same(expected === 'gzip' ? gunzipSync(body) : body, plain.body, what);
        t.match(headers.etag, /^"[^"]+"$/, `${what}: a strong ETag`);
      }
    }
  }
}

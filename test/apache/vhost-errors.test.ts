/** What Apache itself answers is as harmless as what it serves, and what is compressed already is not compressed again. */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { apacheOrReason, clientAddressHeader, openApache } from '../fixtures/apache.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { ask, type Question } from './ask.ts';
import { blobFolder, writeSmallMirror } from './small-mirror.ts';

t.test('error pages and redirects forbid what pages forbid, and are kept by nobody', apacheOrReason(), async (t) => {
  const target = openToAll(t).testdir();
  writeSmallMirror(target);
  const apache = await openApache({ target });
  t.teardown(() => apache.close());
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
    t.equal(status, expected, path);
    t.equal(headers['x-content-type-options'], 'nosniff', path);
    t.match(headers['content-security-policy'], /^default-src 'self'; .*frame-ancestors 'none'$/, path);
    t.notMatch(headers['cache-control'] ?? '', /immutable|max-age=[1-9]/, `${path}: what is missing may come`);
  }
});

t.test('no answer of /sync is kept, whatever its status', apacheOrReason(), async (t) => {
  const folder = openToAll(t).testdir({ programs: {}, target: {} });
  const [programs, target] = [join(folder, 'programs'), join(folder, 'target')];
  writeSmallMirror(target);
  const program = join(programs, 'pep381sync.cgi');
  const answering = (head: string): void => {
    writeFileSync(program, `#!/bin/sh\ncat >/dev/null\nprintf '${head}Content-Type: text/plain\\n\\nx'\n`);
    chmodSync(program, 0o755);
  };
  answering('');
  const apache = await openApache({ target, programs, cgi: true });
  t.teardown(() => apache.close());
  for (const [expected, head, question] of [
    [200, '', {}],
    [403, 'Status: 403 Forbidden\\n', {}],
    [429, 'Status: 429 Too Many Requests\\n', {}],
    [500, 'Status: 500 Internal Server Error\\n', {}],
    [403, '', { headers: { [clientAddressHeader]: '192.0.2.10' } }],
    [413, '', { method: 'POST', body: 'x'.repeat(5000) }],
  ] as const) {
    answering(head);
    const { status, headers } = await ask(apache.url, '/sync', question);
    t.equal(status, expected);
    t.equal(headers['cache-control'], 'no-store', `${expected}`);
  }
});

const module = '/usr/lib/apache2/modules/mod_brotli.so';
const { skip } = apacheOrReason();
const hasBrotli = { skip: skip || (existsSync(module) ? false : `${module} is not there: it comes with apache2-bin`) };

t.test(
  'where brotli is on, pages come from their twins or as they are, and never in two encodings',
  hasBrotli,
  async (t) => {
    const types = 'text/html application/vnd.pypi.simple.v1+json application/vnd.pypi.simple.v1+html application/json';
    const target = openToAll(t).testdir();
    writeSmallMirror(target);
    const compressing = [
      `LoadModule brotli_module ${module}`,
      `AddOutputFilterByType BROTLI_COMPRESS ${types}`,
      `AddOutputFilterByType DEFLATE ${types}`,
    ];
    const apache = await openApache({ target, edit: (shipped) => [...compressing, shipped].join('\n') });
    t.teardown(() => apache.close());
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
  },
);

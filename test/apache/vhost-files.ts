/** Everything but pages: types, lifetimes, ranges, and what must never leave the mirror. */
import type { Test } from 'tap';
import { ask, type Question, type Reply } from './ask.ts';
import { logLine } from './log-line.ts';
import { blobFolder, releaseSuffixes, secret } from './small-mirror.ts';
import type { TriedHost } from './tried-host.ts';

export async function testFiles(t: Test, { apache, host, target }: TriedHost): Promise<void> {
  const get = (path: string, question?: Question): Promise<Reply> => ask(apache.url, path, question);
  const wheel = `/${blobFolder}/foo_bar-1.0.whl`;

  await t.test('every kind of file has its type and lifetime', async (t) => {
    const provenance = 'application/vnd.pypi.integrity.v1+json';
    const rows: readonly (readonly [string, string, string])[] = [
      ...releaseSuffixes.map((suffix): readonly [string, string, string] => [
        `/${blobFolder}/foo_bar-1.0${suffix}`,
        suffix.endsWith('.provenance') ? provenance : 'application/octet-stream',
        /provenance|variants/.test(suffix) ? 'public, max-age=600' : 'public, max-age=31536000, immutable',
      ]),
      [`/${blobFolder}/foo%20bar+1.0.whl`, 'application/octet-stream', 'public, max-age=31536000, immutable'],
      ['/last-modified', 'text/plain; charset=utf-8', 'no-cache'],
      ['/mirror-status.json', 'application/json', 'no-cache'],
      ['/removed.json', 'application/json', 'no-cache'],
      ['/snapshot.json', 'application/json', 'no-cache'],
      ['/snapshot.json.sig', 'text/plain; charset=utf-8', 'no-cache'],
      ['/local-stats/days/2026-11-21.bz2', 'application/x-bzip2', 'public, max-age=600'],
      ['/local-stats/days.csv', 'text/csv; charset=utf-8', 'public, max-age=600'],
      ['/index.html', 'text/html; charset=utf-8', 'no-cache'],
    ];
    for (const [path, type, lifetime] of rows) {
      const { status, headers } = await get(path);
      t.same(
        [status, headers['content-type'], headers['cache-control'], headers['x-content-type-options']],
        [200, type, lifetime, 'nosniff'],
        path,
      );
    }
  });

  await t.test('a compressed release file is sent as it is, never as an encoding', async (t) => {
    const suffixes = releaseSuffixes.map((suffix) => `/${blobFolder}/foo_bar-1.0${suffix}`);
    for (const path of [...suffixes, '/local-stats/days/2026-11-21.bz2']) {
      // What comes from a store is compressed before its size is known.
      if (host.inBucket && path.endsWith('.metadata')) continue;
      for (const encoding of ['identity', 'gzip', 'gzip, deflate, br, zstd']) {
        const reply = await get(path, {
          headers: { 'Accept-Encoding': encoding },
        });
        t.same(
          [reply.headers['content-encoding'], reply.body.toString()],
          [undefined, path.startsWith('/local-stats') ? 'BZh9' : '0123456789'],
          `${path} in ${encoding}`,
        );
      }
    }
  });

  await t.test('ranges and ETags work on release files', async (t) => {
    const part = await get(wheel, { headers: { Range: 'bytes=2-4' } });
    t.equal(part.status, 206);
    t.equal(part.headers['content-range'], 'bytes 2-4/10');
    t.equal(part.body.toString(), '234');
    t.equal((await get(wheel, { headers: { Range: 'bytes=-3' } })).body.toString(), '789');
    t.equal((await get(wheel, { headers: { Range: 'bytes=10-' } })).status, 416);
    const { etag = '' } = part.headers;
    t.equal((await get(wheel, { headers: { 'If-None-Match': etag } })).status, 304);
    t.equal((await get(wheel, { headers: { 'If-Range': etag, Range: 'bytes=5-' } })).body.toString(), '56789');
    t.equal(
      (
        await get(wheel, {
          headers: { 'If-Range': '"other"', Range: 'bytes=5-' },
        })
      ).status,
      200,
    );
    const head = await get(wheel, { method: 'HEAD' });
    t.equal(head.headers['content-length'], '10');
    t.equal(head.body.length, 0);
  });

  await t.test('folders are not listed', async (t) => {
    const folders = ['/packages/', '/packages/ab/', `/${blobFolder}/`, '/local-stats/', '/local-stats/days/'];
    for (const path of folders) {
      const reply = await get(path);
      t.equal(reply.status, 404, path);
      t.notMatch(reply.body.toString(), /Index of|foo_bar|days/, path);
    }
  });

  await t.test('no spelling of a path leaves the tree', async (t) => {
    const rows = [
      '/state.db',
      '/../state.db',
      '/%2e%2e/state.db',
      '/.%2e/state.db',
      '/simple/../../state.db',
      '/simple/%2e%2e/%2e%2e/state.db',
      '/simple/foo-bar/%2e%2e/%2e%2e/%2e%2e/state.db',
      '/simple/..%2f..%2fstate.db',
      '/simple/..%252f..%252fstate.db',
      '/simple/..%5c..%5cstate.db',
      '/simple/..%c0%af..%c0%afstate.db',
      '/packages%2f..%2f..%2fstate.db',
      `/${blobFolder}/../../../../../state.db`,
      '/mirror.toml',
      '/staging/foo',
      '/../staging/foo',
      '/trash/',
      '/%2e%2e/trash/index.html',
      `${target}/state.db`,
      '/web/../state.db',
      '/simple/foo-bar/%00',
      '/simple/foo-bar/?format=../../../state.db',
    ];
    for (const path of rows) {
      const reply = await get(path);
      t.ok(path.includes('?') || [400, 403, 404].includes(reply.status ?? 0), `${path}: ${reply.status}`);
      t.notMatch(reply.body.toString(), secret, path);
    }
    const hidden = ['/.htaccess', '/.git/config', '/simple/foo-bar/.index.html', '/simple/foo-bar/index.html.tmp'];
    for (const path of [...hidden, `/${blobFolder}/.foo_bar-1.0.whl`, '/%2egit/config', '/simple/empty/.keep']) {
      t.equal((await get(path)).status, 404, path);
    }
  });

  // Buckets have none.
  await t.test('a symbolic link in the tree is not followed', host.inFolder, async (t) => {
    for (const path of [
      `/${blobFolder}/link-1.0.whl`,
      '/packages/ln/index.html',
      '/simple/ln/',
      '/simple/ln/index.html',
    ]) {
      const reply = await get(path, { headers: { Accept: 'text/html' } });
      t.equal(reply.status, 403, path);
      t.notMatch(reply.body.toString(), secret, path);
    }
  });

  await t.test('every request is logged in the format that processlogs reads', async (t) => {
    const headers = {
      'User-Agent': 'pip/26.2.1 {"ci":null}',
      Referer: 'http://localhost/',
    };
    await get(`${wheel}?logged`, { headers });
    const line = await logLine(apache.log, '?logged');
    t.match(
      line,
      /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/packages\/\S+\?logged HTTP\/1\.1" 200 \d+ "http:\/\/localhost\/" "pip\/26\.2\.1 \{\\"ci\\":null\}"$/,
    );
  });
}

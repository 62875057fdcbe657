/** The pages of the shipped virtual host: which representation a client gets, and under which address. */
import { gunzipSync } from 'node:zlib';
import type { Test } from 'tap';
import { ask, type Reply, typeOf } from './ask.ts';
import { page } from './small-mirror.ts';
import type { TriedHost } from './tried-host.ts';

const json = 'application/vnd.pypi.simple.v1+json';
const html = 'application/vnd.pypi.simple.v1+html';
const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

export async function testPages(t: Test, { apache, host }: TriedHost): Promise<void> {
  const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
    ask(apache.url, path, { headers });

  await t.test('Accept chooses the representation', async (t) => {
    const rows: readonly (readonly [string, string | undefined, string])[] = [
      ['pip', `${json}, ${html}; q=0.1, text/html; q=0.01`, json],
      ['uv', `${json}, ${html};q=0.2, text/html;q=0.01`, json],
      ['poetry', `${json}, */*;q=0.1`, json],
      ['bandersnatch', json, json],
      ['latest+json', 'application/vnd.pypi.simple.latest+json', json],
      ['in capitals', json.toUpperCase(), json],
      ['the lowest weight', `${json};q=0.001`, json],
      ['old pip', 'text/html', 'text/html'],
      ['a browser', browser, 'text/html'],
      ['anything', '*/*', 'text/html'],
      ['nothing', undefined, 'text/html'],
      ['an empty value', '', 'text/html'],
      ['no type we have', 'text/plain', 'text/html'],
      ['plain JSON', 'application/json', 'text/html'],
      ['a version to come', 'application/vnd.pypi.simple.v2+json', 'text/html'],
      ['JSON refused', `${json};q=0`, 'text/html'],
      ['JSON refused with decimals', `${json} ; q=0.000, text/html`, 'text/html'],
      ['v1+html', html, html],
      ['latest+html', 'application/vnd.pypi.simple.latest+html', html],
      ['v1+html before text/html', `${html}, text/html;q=0.5`, html],
      ['v1+html beside text/html', `${html}, text/html`, 'text/html'],
      ['v1+html refused', `${html};q=0`, 'text/html'],
      ['JSON refused for v1+html', `${json};q=0, ${html}`, html],
    ];
    for (const [client, accept, type] of rows) {
      const reply = await get('/simple/foo-bar/', accept === undefined ? {} : { Accept: accept });
      const file = type === json ? 'index.v1_json' : 'index.html';
      const body = page(`web/simple/foo-bar/${file}`);
      t.same([reply.status, typeOf(reply), reply.body.toString()], [200, type, body], client);
    }
  });

  await t.test('?format= goes before Accept', async (t) => {
    const rows: readonly (readonly [string, string, string])[] = [
      [`?format=${json}`, browser, json],
      ['?format=application%2Fvnd.pypi.simple.v1%2Bjson', browser, json],
      ['?format=application%2fvnd.pypi.simple.latest%2bjson', browser, json],
      [`?a=b&format=${json}&c`, browser, json],
      [`?format=${html}`, json, html],
      ['?format=application/vnd.pypi.simple.latest%2Bhtml', json, html],
      ['?format=text/html', json, 'text/html'],
      ['?format=unheard-of', json, 'text/html'],
      ['?format=', json, json],
      ['?xformat=text/html', json, json],
      ['?', json, json],
    ];
    for (const [query, accept, type] of rows) {
      const reply = await get(`/simple/${query}`, { Accept: accept });
      const body = page(`web/simple/${type === json ? 'index.v1_json' : 'index.html'}`);
      t.same([reply.status, typeOf(reply), reply.body.toString()], [200, type, body], query);
    }
  });

  await t.test('the root index and project pages carry the same headers', async (t) => {
    for (const path of ['/simple/', '/simple/foo-bar/', '/simple/plain/']) {
      for (const accept of [json, html, 'text/html']) {
        const { headers } = await get(path, { Accept: accept });
        const expected = {
          'cache-control': /^public, max-age=600$/,
          'x-content-type-options': /^nosniff$/,
          'content-security-policy': /^default-src 'self'/,
          etag: /^"[^"]+"$/,
        };
        t.match(headers, expected, path);
        t.same(headers.vary?.split(/,\s*/).sort(), ['Accept', 'Accept-Encoding'], path);
        t.equal(headers['content-type'], accept === 'text/html' ? 'text/html; charset=utf-8' : accept, path);
      }
    }
  });

  await t.test('the gzip twin is sent where it exists and is accepted', async (t) => {
    const rows: readonly (readonly [string, string | undefined, boolean])[] = [
      ['/simple/foo-bar/', 'gzip', true],
      ['/simple/foo-bar/', 'gzip, deflate', true],
      ['/simple/foo-bar/', 'br;q=1.0, GZIP;q=0.5', true],
      ['/simple/', 'gzip', true],
      ['/simple/foo-bar/', undefined, false],
      ['/simple/foo-bar/', 'identity', false],
      ['/simple/foo-bar/', 'br, zstd', false],
      ['/simple/foo-bar/', 'gzip;q=0', false],
      ['/simple/foo-bar/', 'gzip ;q=0.0, identity', false],
      ['/simple/plain/', 'gzip', false],
    ];
    const plainly = new Map<string, Reply>();
    const getPlain = async (path: string, accept: string): Promise<Reply> => {
      const plain = plainly.get(path + accept) ?? (await get(path, { Accept: accept }));
      plainly.set(path + accept, plain);
      return plain;
    };
    for (const [path, encoding, compressed] of rows) {
      for (const accept of [json, html, 'text/html']) {
        const name = `${path} as ${accept} in ${encoding}`;
        const reply = await get(path, {
          Accept: accept,
          ...(encoding === undefined ? {} : { 'Accept-Encoding': encoding }),
        });
        const plain = await getPlain(path, accept);
        const isOther = reply.headers.etag !== plain.headers.etag;
        t.same(
          [reply.headers['content-encoding'], typeOf(reply), isOther],
          [compressed ? 'gzip' : undefined, accept, compressed],
          `${name}: encoding, type, another ETag`,
        );
        t.ok((compressed ? gunzipSync(reply.body) : reply.body).equals(plain.body), `${name}: body`);
      }
    }
  });

  await t.test('a known ETag is answered with 304, whatever the encoding', async (t) => {
    for (const path of ['/simple/', '/simple/foo-bar/', '/simple/plain/']) {
      for (const accept of [json, html, 'text/html']) {
        for (const encoding of ['gzip', 'identity']) {
          const headers = { Accept: accept, 'Accept-Encoding': encoding };
          const { etag = '' } = (await get(path, headers)).headers;
          const again = await get(path, {
            ...headers,
            'If-None-Match': etag,
          });
          const { status, body } = again;
          t.same(
            [status, again.headers.etag, again.headers['cache-control'], body.length],
            [304, etag, 'public, max-age=600', 0],
            `${path} as ${accept} in ${encoding}`,
          );
          t.match(again.headers.vary, /Accept-Encoding/);
        }
      }
    }
    const { etag = '' } = (await get('/simple/foo-bar/', { Accept: json })).headers;
    t.equal(
      (
        await get('/simple/foo-bar/', {
          Accept: 'text/html',
          'If-None-Match': etag,
        })
      ).status,
      200,
      'not of HTML',
    );
  });

  await t.test('HEAD says what GET would say', async (t) => {
    for (const path of ['/simple/foo-bar/', '/simple/plain/']) {
      const headers = { Accept: json, 'Accept-Encoding': 'gzip' };
      const got = await get(path, headers);
      const head = await ask(apache.url, path, { method: 'HEAD', headers });
      t.equal(head.status, got.status, path);
      t.same({ ...head.headers, date: '' }, { ...got.headers, date: '' }, path);
      t.equal(head.body.length, 0, path);
    }
  });

  await t.test('every spelling of a name leads to the one address', async (t) => {
    const rows: readonly (readonly [string, string])[] = [
      ['/simple', '/simple/'],
      ['/simple/foo-bar', '/simple/foo-bar/'],
      ['/simple/nope', '/simple/nope/'],
      ['/simple/Foo', '/simple/foo/'],
      ['/simple/Foo/', '/simple/foo/'],
      ['/simple/%46oo/', '/simple/foo/'],
      ['/simple/Foo__.Bar', '/simple/foo-bar/'],
      ['/simple/Foo__.Bar/', '/simple/foo-bar/'],
      ['/simple/foo--bar/', '/simple/foo-bar/'],
      ['/simple/foo-_bar/', '/simple/foo-bar/'],
      ['/simple//foo.bar', '/simple/foo-bar/'],
      ['/simple/A.b_c--d.-_E.F', '/simple/a-b-c-d-e-f/'],
      [`/simple/${'a.'.repeat(99)}B/`, `/simple/${'a-'.repeat(99)}b/`],
      ['/simple/index.py/', '/simple/index-py/'],
      ['/simple/Foo?format=text/html', '/simple/foo/?format=text/html'],
    ];
    for (const [path, location] of rows) {
      const reply = await get(path, { Accept: json });
      t.same([reply.status, reply.headers.location], [301, apache.url + location], path);
    }
  });

  await t.test('where there is no page, there is 404 and no listing', async (t) => {
    const rows = [
      '/simple/nope/',
      '/simple/empty/',
      '/simple/foo-bar/nope',
      '/simple/foo-bar/nope/',
      '/simple/Foo/Bar',
    ];
    for (const path of [
      ...rows,
      '/simple/a%20b/',
      '/simple/a%3Fb',
      '/simple/a%0D%0AX:y',
      `/simple/${'.'.repeat(7000)}/x`,
    ]) {
      for (const accept of [json, 'text/html']) {
        const reply = await get(path, { Accept: accept });
        t.equal(reply.status, 404, path.slice(0, 60));
        t.notMatch(reply.body.toString(), /Index of|\.keep/, path.slice(0, 60));
      }
    }
  });

  // 1.5 left nothing in buckets.
  await t.test('a folder that has only HTML yet, as 1.5 left it, still serves pip', host.inFolder, async (t) => {
    const reply = await get('/simple/html-only/', {
      Accept: `${json}, text/html; q=0.01`,
    });
    t.equal(reply.headers['content-type'], 'text/html; charset=utf-8');
    t.equal(reply.body.toString(), page('only html'));
  });

  await t.test('the page files have addresses of their own', async (t) => {
    for (const folder of ['/simple', '/simple/foo-bar']) {
      t.equal(typeOf(await get(`${folder}/index.html`)), 'text/html');
      t.equal(typeOf(await get(`${folder}/index.v1_json`)), json);
      const twin = await get(`${folder}/index.v1_json.gz`);
      t.equal(typeOf(twin), json);
      t.equal(twin.headers['content-encoding'], 'gzip');
    }
  });

  await t.test('the root shows index.html', async (t) => {
    const reply = await get('/');
    t.equal(reply.headers['content-type'], 'text/html; charset=utf-8');
    t.equal(reply.body.toString(), page('welcome'));
    t.match(reply.headers['content-security-policy'], /^default-src 'self'/);
  });
}

/** Pythons in browsers (Pyodide, micropip, JupyterLite): what the Fetch standard asks of a server of another origin. */
import type { Test } from 'tap';
import { ask, type Question } from './ask.ts';
import { blobFolder } from './small-mirror.ts';
import type { TriedHost } from './tried-host.ts';

const wheel = `/${blobFolder}/foo_bar-1.0.whl`;
const origin = { Origin: 'https://notebooks.example' };

export async function testBrowsers(t: Test, { apache: opened, host }: TriedHost): Promise<void> {
  const apache = host.inBucket ? opened : await opened.another(t, { cgi: true });
  const get = (path: string, { headers = {}, method = 'GET' }: Question = {}) =>
    ask(apache.url, path, { method, headers: { ...origin, ...headers } });

  await t.test('all that is read may be read, answers that are errors and redirects included', async (t) => {
    const rows: readonly (readonly [status: number, path: string, question?: Question])[] = [
      [200, '/'],
      [200, '/simple/'],
      [200, '/simple/foo-bar/'],
      [
        200,
        '/simple/foo-bar/',
        { headers: { Accept: 'application/vnd.pypi.simple.v1+json', 'Accept-Encoding': 'gzip' } },
      ],
      [200, '/simple/foo-bar/', { method: 'HEAD' }],
      [200, '/simple/plain/'],
      [301, '/simple/Foo.Bar'],
      [301, '/simple/foo-bar'],
      [301, '/packages'],
      [404, '/simple/nothing/'],
      [404, '/.git/config'],
      [404, '/syncx'],
      [404, `/simple/${'x'.repeat(300)}/`],
      [200, wheel],
      [206, wheel, { headers: { Range: 'bytes=-3' } }],
      [416, wheel, { headers: { Range: 'bytes=99-' } }],
      [200, `${wheel}.metadata`],
      [200, '/last-modified'],
      [200, '/mirror-status.json'],
      [405, '/simple/foo-bar/', { method: 'PUT' }],
    ];
    for (const [status, path, question] of rows) {
      const reply = await get(path, question);
      const what = `${question?.method ?? 'GET'} ${path}`;
      t.same([reply.status, reply.headers['access-control-allow-origin']], [status, '*'], what);
      t.match(reply.headers['access-control-expose-headers'], /Content-Range/, what);
    }
    const { etag = '' } = (await get('/simple/foo-bar/')).headers;
    const known = await get('/simple/foo-bar/', { headers: { 'If-None-Match': etag } });
    t.same([known.status, known.headers['access-control-allow-origin']], [304, '*']);
  });

  await t.test('a preflight is answered with what may be asked', async (t) => {
    const paths = ['/simple/', '/simple/foo-bar/', '/simple/Foo.Bar', '/simple/nothing/', wheel, '/packages/x', '/'];
    for (const path of paths) {
      for (const wanted of ['range', 'if-none-match', 'accept,range,content-type']) {
        const headers = { 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': wanted };
        const reply = await get(path, { method: 'OPTIONS', headers });
        t.same([reply.status, reply.body.length], [204, 0], path);
        const told = {
          'access-control-allow-origin': /^\*$/,
          'access-control-allow-methods': /\bGET\b/,
          'access-control-max-age': /^\d+$/,
        };
        t.match(reply.headers, told, path);
        const allowed = (reply.headers['access-control-allow-headers'] ?? '').toLowerCase().split(/,\s*/);
        t.strictSame(
          wanted.split(',').filter((name) => !allowed.includes(name)),
          [],
          path,
        );
      }
    }
  });

  // The host of a bucket has no /sync: the mirror is made elsewhere.
  await t.test('nothing is said of /sync, whoever answers', host.inFolder, async (t) => {
    for (const path of ['/sync', '/sync/', '/sync/x', '/%73ync', '//sync', '/sync?x']) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const reply = await get(path, { method, headers: { 'Access-Control-Request-Method': 'POST' } });
        const told = Object.keys(reply.headers).filter((name) => name.startsWith('access-control'));
        t.strictSame(told, [], `${method} ${path}: ${reply.status}`);
        t.not(reply.status, 204, path);
      }
    }
  });

  await t.test('robots are sent away from everything', async (t) => {
    for (const path of ['/', '/simple/', '/simple/Foo', '/simple/nothing/', wheel, '/sync']) {
      t.equal((await get(path)).headers['x-robots-tag'], 'noindex', path);
    }
  });
}

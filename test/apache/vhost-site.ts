/** The pages for people: their lifetimes, and the question for a project, which leads nowhere but to its page. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { ask, type Question, type Reply } from './ask.ts';
import type { TriedHost } from './tried-host.ts';

const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

export async function testSite(t: Test, { apache, target }: TriedHost): Promise<void> {
  for (const path of [
    'status/index.html',
    'local-stats/index.html',
    'not-found.html',
    'site.css',
    'site.js',
    'site.svg',
  ]) {
    mkdirSync(dirname(join(target, 'web', path)), { recursive: true });
    writeFileSync(join(target, 'web', path), `the file ${path}`);
  }
  await apache.refresh();
  const get = (path: string, question?: Question): Promise<Reply> => ask(apache.url, path, question);

  await t.test('each is asked for again, and may load nothing from elsewhere', async (t) => {
    const types: readonly (readonly [string, RegExp])[] = [
      ['/', /^text\/html; charset=utf-8$/],
      ['/index.html', /^text\/html; charset=utf-8$/],
      ['/status/', /^text\/html; charset=utf-8$/],
      ['/local-stats/', /^text\/html; charset=utf-8$/],
      ['/site.css', /^text\/css/],
      ['/site.js', /^(?:text|application)\/javascript/],
      ['/site.svg', /^image\/svg\+xml/],
    ];
    for (const [path, type] of types) {
      const { status, headers } = await get(path);
      t.equal(status, 200, path);
      t.match(headers['content-type'], type, path);
      t.equal(headers['cache-control'], 'no-cache', path);
      t.equal(headers['content-security-policy'], policy, path);
    }
    t.match(await get('/status'), { status: 301, headers: { location: `${apache.url}/status/` } });
    for (const path of ['/simple/foo-bar/', '/simple/foo-bar/index.html', '/local-stats/days/2026-11-21.bz2']) {
      t.equal((await get(path)).headers['cache-control'], 'public, max-age=600', path);
    }
  });

  await t.test('a name leads to the page of the project, however it is written', async (t) => {
    const names = [
      'foo-bar',
      'Foo_Bar',
      'FOO--__..bar',
      '+foo.bar+',
      '%20foo-bar',
      'foo-bar%5Bextra%5D',
      'foo.bar%3D%3D1.0',
    ];
    for (const name of [
      ...names,
      'Foo-Bar+%3E%3D+1',
      'foo_bar!=2',
      'foo-bar~=1&x=1',
      'foo-bar%40https%3A%2F%2Fevil.example',
    ]) {
      const { status, headers } = await get(`/find?name=${name}`);
      t.match({ status, location: headers.location }, { status: 303, location: `${apache.url}/simple/foo-bar/` }, name);
      t.equal(headers['cache-control'], 'no-store', name);
    }
    t.match((await get('/find?x=y&name=plain')).headers, { location: `${apache.url}/simple/plain/` });
    t.equal((await get('/find?name=html-only', { method: 'HEAD' })).status, 303);
  });

  await t.test('what is not here, or is no name, is told by a page, and leads nowhere else', async (t) => {
    const others = [
      '',
      'absent',
      'Ab_Sent',
      'empty',
      '-',
      '.',
      '..',
      '../..',
      '%2e%2e%2f',
      'foo/bar',
      'foo-bar/../plain',
    ];
    const hostile = [
      '//evil.example',
      'https://evil.example',
      '%0d%0aX-Evil:1',
      'foo-bar%0d%0aSet-Cookie:a',
      'foo-bar%00',
      '%22%3E%3Cscript%3E',
      'a'.repeat(300),
      'ä',
      'foo-bar%c3%a4',
      '$%7Blower:x%7D',
      '%{HTTP_HOST}',
      'index.html',
    ];
    for (const name of [...others, ...hostile]) {
      const { status, headers, body } = await get(`/find?name=${name}`);
      const { location, 'x-evil': evil, 'set-cookie': cookie } = headers;
      t.same([status, location, evil, cookie], [404, undefined, undefined, undefined], name);
      t.same([body.toString(), headers['content-security-policy']], ['the file not-found.html', policy], name);
      t.match(headers['cache-control'], /^no-(?:store|cache)$/, name);
    }
    t.equal((await get('/find')).status, 404);
    t.equal((await get('/find?other=foo-bar')).status, 404);
    t.equal((await get('/find/foo-bar')).status, 404);
    t.equal((await get('/find?surname=foo-bar')).status, 404);
    t.not((await get('/simple/absent/')).body.toString(), 'the file not-found.html', 'installers get the short answer');
    rmSync(join(target, 'web/not-found.html'));
    await apache.refresh();
    t.equal((await get('/find?name=absent')).status, 404, 'without that page as well');
  });

  await t.test('elsewhere a name in the query means nothing', async (t) => {
    t.equal((await get('/simple/foo-bar/?name=plain')).status, 200);
    t.match((await get('/simple/Foo_Bar?name=plain')).headers.location, /\/simple\/foo-bar\/(?:\?name=plain)?$/);
  });
}

/** What other mirror programs, and mirrors below, are answered. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import type { Host } from '../fixtures/hosts.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { ask, type Question, type Reply } from './ask.ts';
import { writeSmallMirror } from './small-mirror.ts';

const json = 'application/json';

async function open(t: Test, host: Host, files: Readonly<Record<string, string>>) {
  const target = openToAll(t).testdir();
  writeSmallMirror(target);
  for (const [path, content] of Object.entries(files)) {
    const file = join(target, 'web', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  // An Apache before a bucket cannot look whether the list is there.
  const isMade = 'local.json' in files ? 'yes' : 'no';
  const edit = (shipped: string) => shipped.replace('PYPI_LEGACY_JSON no', `PYPI_LEGACY_JSON ${isMade}`);
  const apache = await host.open(t, { target, edit });
  return (path: string, question?: Question): Promise<Reply> => ask(apache.url, path, question);
}

export async function testLegacy(t: Test, host: Host): Promise<void> {
  const xmlRpc = { method: 'POST', headers: { 'Content-Type': 'text/xml' }, body: '<methodCall/>' };
  await t.test('without the legacy JSON its addresses are gone, not unknown', async (t) => {
    const get = await open(t, host, { 'changes.json': '{}', 'changes/17.json': '{}' });
    for (const path of ['/pypi', '/pypi/', '/pypi/foo/json', '/pypi/Foo.Bar/1.0/json', '/json/foo']) {
      t.equal((await get(path)).status, 410, path);
    }
    t.equal((await get('/pypi', xmlRpc)).status, 410);
    t.equal((await get('/pypi/', xmlRpc)).status, 410);
    for (const path of ['/pypist', '/local.json']) t.equal((await get(path)).status, 404, path);
    for (const path of ['/changes.json', '/changes/17.json']) {
      const { status, headers } = await get(path);
      t.match([status, headers['content-type'], headers['cache-control']], [200, json, 'no-cache'], path);
      const again = await get(path, { headers: { 'If-None-Match': String(headers.etag) } });
      t.equal(again.status, 304);
    }
  });

  await t.test('while it is being made, what is not there yet is gone, too', async (t) => {
    const get = await open(t, host, { 'pypi/foo-bar/json': '{"foo":1}', 'pypi/foo-bar/serial': '7' });
    t.equal((await get('/pypi/plain/json')).status, 410);
  });

  await t.test('with it pages and serials are served', async (t) => {
    const get = await open(t, host, {
      'pypi/foo-bar/json': '{"foo":1,"last_serial":12345}',
      'pypi/foo-bar/serial': '12345',
      'pypi/foo-bar/1.0+a!b/json': '{"foo":2}',
      'pypi/no-serial/json': '{"foo":3}',
      'pypi/.hidden/json': '{}',
      'local.json': '{"foo-bar": 12345}',
      'local.db.serial': '12345',
    });
    const project = '{"foo":1,"last_serial":12345}';
    // The JSON of a release does not name the serial, so that in a bucket nothing does.
    const ofRelease = host.inBucket ? undefined : '12345';
    for (const [path, body, serial] of [
      ['/pypi/foo-bar/json', project, '12345'],
      ['/pypi/foo-bar/json/', project, '12345'],
      ['/pypi/Foo_.Bar/json', project, '12345'],
      ['/json/foo-bar', project, '12345'],
      ['/json/FOO.bar', project, '12345'],
      ['/pypi/foo-bar/1.0+a!b/json', '{"foo":2}', ofRelease],
      ['/pypi/Foo-Bar/1.0%2Ba%21b/json', '{"foo":2}', ofRelease],
      ['/pypi/no-serial/json', '{"foo":3}', undefined],
    ] as const) {
      const reply = await get(path);
      t.equal(reply.status, 200, path);
      t.equal(reply.body.toString(), body, path);
      t.equal(reply.headers['x-pypi-last-serial'], serial, path);
      t.equal(reply.headers['content-type'], json, path);
      const again = await get(path, { headers: { 'If-None-Match': String(reply.headers.etag) } });
      t.equal(again.status, 304, path);
    }
    for (const path of [
      '/pypi/other/json',
      '/pypi/foo-bar/2.0/json',
      '/pypi/foo-bar',
      '/pypi/foo-bar/',
      '/pypi/',
      '/json/other',
      '/pypi/.hidden/json',
    ]) {
      t.equal((await get(path)).status, 404, path);
    }
    t.equal((await get('/pypi', xmlRpc)).status, 410, 'there is no XML-RPC');
    t.equal((await get('/local.json')).headers['cache-control'], 'no-cache');
    t.match((await get('/local.db.serial')).headers['content-type'], /^text\/plain/);
    t.equal((await get('/simple/Foo.Bar/')).headers.location?.replace(/^http:\/\/[^/]+/, ''), '/simple/foo-bar/');
    t.equal((await get(`/pypi/${'-._'.repeat(80)}/json`)).status, 404);
    t.equal((await get(`/pypi/${'a.'.repeat(120)}/json`)).status, 404);
  });
}

import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { forkLargeIndex } from './fork-large-index.ts';
import { type HttpOptions, httpRequest } from './http-request.ts';
import { openLargeIndex } from './large-index.ts';

const json = { accept: 'application/vnd.pypi.simple.v1+json' };
const options = { projects: 50, filesPerProject: 3, meanFileSize: 2000, listOnlyNames: 30 };
const ask = async (url: string, headers: HttpOptions['headers'] = json) => httpRequest(url, { headers });
const parsed = async (url: string) => JSON.parse((await ask(url)).body.toString());

t.test('every listed file is served with the size and the hash of its page', async (t) => {
  const index = await openLargeIndex(options);
  t.teardown(() => index.close());
  const { projects, meta } = await parsed(`${index.url}/simple/`);
  t.equal(projects.length, 80);
  t.equal(meta['_last-serial'], index.serial);
  const hashes = new Set<string>();
  let bytes = 0;
  for (const { name, '_last-serial': serial } of projects) {
    const page = await parsed(`${index.url}/simple/${name.replaceAll('_', '-')}/`);
    t.equal(page.meta['_last-serial'], serial, name);
    t.equal(page.files.length, name.startsWith('listed') ? 0 : 3, name);
    for (const file of page.files) {
      const { body } = await ask(file.url);
      const sha256 = createHash('sha256').update(body).digest('hex');
      t.equal(sha256, file.hashes.sha256, file.filename);
      t.equal(body.length, file.size, file.filename);
      hashes.add(sha256);
      bytes += body.length;
      if (!file['core-metadata']) continue;
      const metadata = (await ask(`${file.url}.metadata`)).body;
      t.equal(createHash('sha256').update(metadata).digest('hex'), file['core-metadata'].sha256, file.filename);
    }
  }
  t.equal(hashes.size, 150, 'no two files are the same');
  t.equal(bytes, index.bytes);
});

t.test('touched projects have a new file, a new serial and a journal row', async (t) => {
  const index = await openLargeIndex(options);
  t.teardown(() => index.close());
  const { projects } = await parsed(`${index.url}/simple/`);
  const touched = projects.filter(({ name }: { name: string }) => name.startsWith('project')).slice(0, 2);
  const pageUrl = `${index.url}/simple/${touched[1].name}/`;
  const { etag } = (await ask(pageUrl)).headers;
  t.equal((await ask(pageUrl, { ...json, 'if-none-match': etag })).status, 304);
  const before = index.serial;
  await index.touch(2);
  t.equal(index.serial, before + 2);
  t.equal((await ask(pageUrl, { ...json, 'if-none-match': etag })).status, 200);
  const page = await parsed(pageUrl);
  t.equal(page.files.length, 4);
  t.equal(page.meta['_last-serial'], index.serial);
  t.equal((await ask(page.files[3].url)).body.length, page.files[3].size);
  t.equal((await parsed(`${index.url}/simple/`)).meta['_last-serial'], index.serial);
  const call = `<methodCall><methodName>changelog_since_serial</methodName>
    <params><param><value><int>${before}</int></value></param></params></methodCall>`;
  const changes = (await httpRequest(`${index.url}/pypi`, { method: 'POST', body: call })).body.toString();
  t.same(
    changes.match(/project[-_]\d{6}/g),
    touched.map(({ name }: { name: string }) => name.slice(0, 14)),
  );
});

t.test('pages come compressed, other spellings are redirected, strangers are not found', async (t) => {
  const index = await openLargeIndex(options);
  t.teardown(() => index.close());
  const list = await ask(`${index.url}/simple/`);
  for (const path of ['/simple/', `/simple/${JSON.parse(list.body.toString()).projects[30].name}/`]) {
    const packed = await ask(index.url + path, { ...json, 'accept-encoding': 'gzip' });
    t.equal(packed.headers['content-encoding'], 'gzip');
    t.same(gunzipSync(packed.body), (await ask(index.url + path)).body);
  }
  t.match(await ask(`${index.url}/simple/Project_1`), { status: 301, headers: { location: '/simple/project-1/' } });
  for (const path of ['/', '/simple/project-1/', '/simple/project-000050/', '/packages/aa/bb/x/y.whl', '/stats/']) {
    t.equal((await ask(index.url + path)).status, 404, path);
  }
});

t.test('a process of its own serves, changes on demand and ends with its parent', async (t) => {
  const index = await forkLargeIndex(options);
  t.equal((await parsed(`${index.url}/simple/`)).projects.length, 80);
  const { serial, requests } = await index.touch(5);
  t.equal(serial, index.started.serial + 5);
  t.equal(requests, 1);
  await index.close();
  await t.rejects(ask(index.url), { code: 'ECONNREFUSED' });
});

/** What `npm start` serves with: what it prints must work. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { serveMirror } from '../../scripts/developer/serve-mirror.ts';
import { page, writeSmallMirror } from '../apache/small-mirror.ts';
import { apacheOrReason } from '../fixtures/apache.ts';
import { closedFolder, openToAll } from '../fixtures/open-to-all.ts';
import { httpRequest } from '../sample/http-request.ts';

const address = '/simple/foo-bar/';

t.test('Apache, where it can read the mirror', apacheOrReason(), async (t) => {
  const target = openToAll(t).testdir();
  writeSmallMirror(target);
  const server = await serveMirror(target, address);
  t.teardown(() => server.close());
  t.equal(server.name, 'Apache');
  t.equal((await httpRequest(server.url + address)).body.toString(), page('web/simple/foo-bar/index.html'));
});

t.test('the preview server, where Apache has no such page', apacheOrReason(), async (t) => {
  const target = openToAll(t).testdir({ web: { simple: {} } });
  const server = await serveMirror(target, address);
  t.teardown(() => server.close());
  t.equal(server.name, `the preview server, as Apache answers ${address} with 404`);
});

t.test('Apache, whatever the folder is called', apacheOrReason(), async (t) => {
  const target = join(openToAll(t).testdir(), 'it is "Größe" #1 of $HOME & O’Neil%20');
  mkdirSync(target);
  writeSmallMirror(target);
  const server = await serveMirror(target, address);
  t.teardown(() => server.close());
  t.equal(server.name, 'Apache');
});

const asRoot = {
  skip:
    process.getuid?.() === 0
      ? apacheOrReason().skip
      : 'only root starts Apache as another user: run the tests as root, too',
};

t.test('the preview server, where only root may read the mirror, and which folder is closed', asRoot, async (t) => {
  const folder = openToAll(t).testdir({ home: { checkout: {} } });
  const target = join(folder, 'home/checkout');
  writeSmallMirror(target);
  chmodSync(join(folder, 'home'), 0o700);
  const server = await serveMirror(target, address);
  t.teardown(() => server.close());
  const closed = `its user www-data may not enter ${join(folder, 'home')} (mode 700); npm start -- --in FOLDER uses another one`;
  t.equal(server.name, `the preview server, as Apache answers ${address} with 403: ${closed}`);
  t.equal((await httpRequest(server.url + address)).body.toString(), page('web/simple/foo-bar/index.html'));
});

t.test('a closed folder is the first one on the way that others may not enter', async (t) => {
  const folder = openToAll(t).testdir({ a: { b: { c: {} } } });
  const at = (path: string): string => join(folder, path);
  t.equal(closedFolder(at('a/b/c')), undefined);
  for (const path of ['a/b/c', 'a']) {
    chmodSync(at(path), 0o700);
    t.equal(closedFolder(at('a/b/c')), at(path));
  }
  chmodSync(at('a'), 0o711);
  t.equal(closedFolder(at('a/b')), undefined, 'who may enter need not be able to list it');
});

/** The spool of changed paths: what is in it before the tree changes, and after somebody has taken it. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ownPath, pagePath } from '../../../src/core/paths.ts';
import type { FileStore } from '../../../src/files/file-store.ts';
import { FilesystemFileStore } from '../../../src/files/filesystem/filesystem-file-store.ts';
import { PathSpool, spooling } from '../../../src/files/filesystem/path-spool.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { testFileStore } from '../../fixtures/file-store-suite.ts';

const page = pagePath('index.html');

async function textOf(spool: PathSpool): Promise<string> {
  let text = '';
  for await (const piece of spool.lines()) text += piece;
  return text;
}

function openSpooled(t: Test): { target: string; store: FilesystemFileStore; spool: PathSpool; files: FileStore } {
  const target = t.testdir();
  const clock = new FakeClock();
  const store = new FilesystemFileStore(target, clock);
  store.create();
  const spool = new PathSpool(target, clock);
  t.teardown(() => spool.close());
  return { target, store, spool, files: spooling(store, spool) };
}

t.test('a path is in the spool before it is published', async (t) => {
  const { target, store, spool } = openSpooled(t);
  let inSpool = '';
  const watched: FileStore = Object.assign(Object.create(store), {
    publish: async () => {
      inSpool = readFileSync(join(target, 'spool/changed-paths'), 'utf8');
      throw new Error('killed');
    },
  });
  await t.rejects(spooling(watched, spool).publish([{ path: page, body: Buffer.from('x') }]), { message: 'killed' });
  t.equal(inSpool, '{"path":"simple/index.html","url":"/simple/"}\n');
});

t.test('what is not there is not removed', async (t) => {
  const { spool, files } = openSpooled(t);
  await files.discard([page]);
  t.equal(spool.hasPaths(), false);
  await files.publish([{ path: page, body: Buffer.from('x') }]);
  spool.clear();
  await files.discard([page, pagePath('index.v1_json')]);
  t.equal(await textOf(spool), '{"path":"simple/index.html","url":"/simple/","removed":true}\n');
});

t.test('what each run renews is told with other changes, and never alone', async (t) => {
  const { spool, files } = openSpooled(t);
  await files.publish([{ path: ownPath('last-modified'), body: Buffer.from('x') }]);
  t.equal(spool.hasPaths(), false);
  await files.publish([{ path: page, body: Buffer.from('x') }]);
  t.match(await textOf(spool), /index\.html.*\n.*"last-modified"/);
});

t.test('after a part of a line the spool continues on the next one', async (t) => {
  const { target, spool, files } = openSpooled(t);
  await files.publish([{ path: page, body: Buffer.from('x') }]);
  spool.close();
  appendFileSync(join(target, 'spool/changed-paths'), '{"path":"simple/al');
  await files.publish([{ path: pagePath('index.v1_json'), body: Buffer.from('x') }]);
  t.equal((await textOf(spool)).trim().split('\n').length, 2);
  spool.clear();
  t.notOk(existsSync(join(target, 'spool/changed-paths')));
});

t.test('the store with a spool does what every store does', async (t) => {
  const targets = new WeakMap<FakeClock, string>();
  testFileStore(
    t,
    (t, clock) => {
      const target = targets.get(clock) ?? t.testdir();
      targets.set(clock, target);
      const store = new FilesystemFileStore(target, clock);
      store.create();
      const spool = new PathSpool(target, clock);
      t.teardown(() => spool.close());
      return spooling(store, spool);
    },
    { keepsParts: true },
  );
});

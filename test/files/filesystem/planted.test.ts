/** What somebody planted under a target, or named in its state: nothing outside is read, written, moved or removed. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import type { WebPath } from '../../../src/core/paths.ts';
import { FilesystemFileStore } from '../../../src/files/filesystem/filesystem-file-store.ts';
import { untouchedTree } from '../../e2e/tree.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

const at = (path: string): WebPath => path as WebPath;
const name = 'a-1.0.zip';
const folder = `packages/ab/cd/${'0'.repeat(60)}`;
const blob = at(`${folder}/${name}`);
const linked = ['packages', 'packages/ab', 'packages/ab/cd', folder];
const body = Buffer.from('ours');
const large = Buffer.alloc(2 << 20, 'ours');

interface Opened {
  readonly store: FilesystemFileStore;
  readonly target: string;
  readonly web: string;
  /** Beside the target: must stay as it is. It has files wherever a link to it would make the mirror find them. */
  readonly outside: string;
}

function test(what: string, body: (t: Test, opened: Opened) => Promise<void>): void {
  t.test(what, async (t) => {
    const base = t.testdir({ target: {}, outside: { 'index.html': 'theirs' } });
    const [target, outside] = [join(base, 'target'), join(base, 'outside')];
    for (const path of linked.map((link) => join(outside, blob.slice(link.length + 1)))) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'theirs');
    }
    const store = new FilesystemFileStore(target, new FakeClock());
    store.create();
    const before = untouchedTree(outside);
    await body(t, { store, target, outside, web: join(target, 'web') });
    t.same(untouchedTree(outside), before, 'what is outside is as it was');
  });
}

/** Puts a link in the place of what lies at `path`. */
function plant(path: string, to: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(to, path);
}

for (const link of linked) {
  test(`nothing is published or removed through a link at ${link}`, async (t, { store, web, outside }) => {
    plant(join(web, link), outside);
    await t.rejects(store.publish([{ path: blob, body }]), {
      name: 'StorageError',
      message: new RegExp(`/web/${link}: is a symbolic link`),
    });
    await t.rejects(store.discard([blob]), StorageError);
  });
}

test('nothing is published through a project that is a link', async (t, { store, web, outside }) => {
  plant(join(web, 'simple/a'), outside);
  await t.rejects(store.publish([{ path: at('simple/a/index.html'), body }]), /is a symbolic link/);
});

for (const link of ['staging', 'trash', 'web/simple', 'web/packages', 'web/local-stats', 'web/local-stats/days']) {
  test(`a target whose ${link} is a link is refused before anything is done`, async (t, { store, target, outside }) => {
    plant(join(target, link), outside);
    t.throws(() => store.create(), new RegExp(`/${link}: is a symbolic link, .* put a folder in its place`));
  });
}

test('staging that became a link is not tidied', async (t, { store, target, outside }) => {
  plant(join(target, 'staging'), outside);
  await t.rejects(store.tidy(true), StorageError);
});

test('the target itself, and web, may be links: there somebody wants the mirror to be', async (t, { target, web }) => {
  const moved = join(dirname(target), 'moved');
  renameSync(web, join(target, 'tree'));
  symlinkSync('tree', web);
  renameSync(target, moved);
  symlinkSync(moved, target);
  const store = new FilesystemFileStore(target, new FakeClock());
  store.create();
  await store.publish([{ path: blob, body }]);
  t.ok(readFileSync(join(moved, 'tree', blob)).equals(body));
  await store.discard([blob]);
  t.notOk(existsSync(join(moved, 'tree', blob)));
});

test('a day of the trash that is a link takes nothing', async (t, { store, target, web, outside }) => {
  await store.publish([{ path: blob, body }]);
  plant(join(target, 'trash/2026-11-22'), outside);
  await t.rejects(store.discard([blob]), /trash\/2026-11-22: is a symbolic link/);
  t.ok(existsSync(join(web, blob)));
});

test('what is staged is never written where a planted name leads', async (t, { store, target, web, outside }) => {
  const theirs = join(outside, name);
  for (const planted of ['write-1', 'key1.part', 'key2.part', 'key2.etag'])
    plant(join(target, 'staging', planted), theirs);
  await store.publish([{ path: at('simple/a/index.html'), body }]);
  t.ok(lstatSync(join(web, 'simple/a/index.html')).isFile());
  for (const [key, bytes] of [
    ['key1', body],
    ['key2', large],
  ] as const) {
    const file = await store.stage(key, blob);
    t.equal(file.resumable, undefined, 'what a link leads to is no download of ours');
    file.begin(false, '"etag"');
    await file.write(bytes);
    await file.finish();
    await store.publish([{ path: blob, body: file }]);
    t.ok(lstatSync(join(web, blob)).isFile());
    t.ok(readFileSync(join(web, blob)).equals(bytes));
  }
});

test('a download that has another name outside is begun anew, not continued', async (t, { store, target, outside }) => {
  const theirs = join(outside, name);
  linkSync(theirs, join(target, 'staging/key1.part'));
  writeFileSync(join(target, 'staging/key1.etag'), '"etag"');
  const file = await store.stage('key1', blob);
  t.equal(file.resumable, undefined);
  file.begin(false, '"etag"');
  await file.write(large);
  await file.interrupt();
  t.equal(readFileSync(theirs, 'utf8'), 'theirs');
});

test('a published name that became a link or a pipe is no file, and nobody waits for it', async (t, {
  store,
  web,
  outside,
}) => {
  const [link, pipe] = [at('simple/a/index.html'), at('simple/b/index.html')];
  plant(join(web, link), join(outside, 'index.html'));
  mkdirSync(join(web, 'simple/b'));
  execFileSync('mkfifo', [join(web, pipe)]);
  for (const path of [link, pipe]) {
    t.equal(await store.read(path), undefined);
    t.equal(await store.size(path), undefined);
    t.equal(await store.digest(path), undefined);
    await store.publish([{ path, body }]);
    t.ok((await store.read(path))?.equals(body), 'it is replaced');
  }
});

for (const path of ['../../outside/a-1.0.zip', 'packages/../../../outside/a-1.0.zip', '..', 'packages/a\0b']) {
  test(`nothing is done at ${JSON.stringify(path)}`, async (t, { store }) => {
    await t.rejects(store.read(at(path)), StorageError);
    await t.rejects(store.size(at(path)), StorageError);
    await t.rejects(store.publish([{ path: at(path), body }]), StorageError);
    await t.rejects(store.publish([{ path: blob, body: { sameAs: at(path) } }]), StorageError);
    await t.rejects(store.discard([at(path)]), /would lie outside of it, and is left alone$/);
  });
}

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import type { WebPath } from '../../../src/core/paths.ts';
import { FilesystemFileStore } from '../../../src/files/filesystem/filesystem-file-store.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { testFileStore } from '../../fixtures/file-store-suite.ts';
import { openToAll } from '../../fixtures/open-to-all.ts';
import { calledAsOrdinaryUser, ordinaryUserOrReason } from '../../fixtures/ordinary-user.ts';
import { treeOf } from '../../fixtures/reader-check.ts';

const megabyte = 1 << 20;
const at = (path: string): WebPath => path as WebPath;
const folder = `packages/ab/cd/${'0'.repeat(60)}`;
const blob = at(`${folder}/a-1.0.zip`);
const x = Buffer.from('x');

function open(t: Test, clock = new FakeClock()) {
  const target = t.testdir();
  const store = new FilesystemFileStore(target, clock);
  store.create();
  return { store, target, web: join(target, 'web'), clock };
}

t.test('FilesystemFileStore does what a FileStore must', async (t) => {
  const targets = new WeakMap<FakeClock, string>();
  testFileStore(
    t,
    (t, clock) => {
      const target = targets.get(clock) ?? t.testdir();
      targets.set(clock, target);
      const store = new FilesystemFileStore(target, clock);
      store.create();
      return store;
    },
    { keepsParts: true },
  );
});

t.test('a file in the place of a folder is an error, and never an empty folder', async (t) => {
  const { store } = open(t);
  const page = at('simple/a/index.html');
  await store.publish([{ path: page, body: x }]);
  await t.rejects(store.entries(page)[Symbol.asyncIterator]().next(), StorageError);
  const writes = [
    { path: at(`${page}/impossible`), body: x },
    { path: blob, body: x },
  ];
  await t.rejects(store.publish(writes), StorageError);
  t.equal(await store.size(blob), undefined, 'and what comes after it is not published');
});

t.test('a published file has the time it was given, and can be read by everybody', async (t) => {
  // As pep381run sets it, whatever the shell has that starts the tests.
  const umask = process.umask(0o022);
  t.teardown(() => process.umask(umask));
  const { store, web } = open(t);
  const mtimeMs = Date.UTC(2020, 1, 29, 12, 30, 15, 250);
  const file = await store.stage('key1', blob);
  file.begin(false, undefined);
  await file.write(x);
  await file.finish();
  await store.publish([
    { path: blob, body: file, mtimeMs },
    { path: at('simple/a/index.html'), body: x, mtimeMs: 0 },
  ]);
  t.equal(statSync(join(web, blob)).mtimeMs, mtimeMs);
  t.equal(statSync(join(web, 'simple/a/index.html')).mtimeMs, 0);
  t.equal(statSync(join(web, blob)).mode & 0o444, 0o444);
  t.equal(statSync(join(web, folder)).mode & 0o555, 0o555);
});

t.test('a page is replaced by another file, not written over', async (t) => {
  const { store, web } = open(t);
  const path = at('simple/a/index.html');
  await store.publish([{ path, body: Buffer.from('old') }]);
  const before = statSync(join(web, path)).ino;
  await store.publish([{ path, body: Buffer.from('new') }]);
  t.not(statSync(join(web, path)).ino, before, 'whoever reads the old one reads it to its end');
});

t.test('nothing temporary stays in staging or below web', async (t) => {
  const { store, target } = open(t);
  await store.publish([{ path: blob, body: x }]);
  const file = await store.stage('key1', blob);
  file.begin(false, '"e"');
  await file.write(Buffer.alloc(2 * megabyte));
  await file.finish();
  await store.publish([{ path: at('packages/big'), body: file }]);
  await store.tidy(true);
  t.same(treeOf(target), ['web/packages/big', `web/${blob}`].sort());
});

t.test('what a killed run left in staging is tidied away, but not what can be continued', async (t) => {
  const { store, target } = open(t);
  const staging = join(target, 'staging');
  for (const name of ['write-1', 'abc.part', 'abc.etag', 'whatever']) writeFileSync(join(staging, name), 'x');
  mkdirSync(join(staging, 'folder'));
  await store.tidy(false);
  t.same(readdirSync(staging).sort(), ['abc.etag', 'abc.part']);
  await store.tidy(true);
  t.same(readdirSync(staging), []);
});

t.test('what is discarded lies in the trash of the day, and empty folders go', async (t) => {
  const { store, target, web, clock } = open(t);
  const neighbour = at(`packages/ab/ee/${'1'.repeat(60)}/b-1.0.zip`);
  await store.publish([
    { path: blob, body: x },
    { path: at(`${blob}.metadata`), body: x },
    { path: neighbour, body: x },
    { path: at('simple/a/index.html'), body: x },
  ]);
  await store.discard([blob]);
  t.ok(existsSync(join(web, folder)), 'the folder is not empty yet');
  await store.discard([at(`${blob}.metadata`), at('simple/a')]);
  t.notOk(existsSync(join(web, 'packages/ab/cd')));
  t.ok(existsSync(join(web, neighbour)));
  t.ok(existsSync(join(web, 'simple')), 'the folders of the mirror itself stay');
  t.same(treeOf(join(target, 'trash')), [
    `2026-11-22/${blob}`,
    `2026-11-22/${blob}.metadata`,
    '2026-11-22/simple/a/index.html',
  ]);
  clock.advance(24 * 60 * 60_000);
  await store.discard([neighbour]);
  t.ok(existsSync(join(target, 'trash/2026-11-23', neighbour)));
  t.same(readdirSync(join(web, 'packages')), []);
});

t.test('what is discarded twice a day replaces what was in the trash', async (t) => {
  const { store, target } = open(t);
  const path = at('simple/a/index.html');
  for (const text of ['first', 'second']) {
    await store.publish([{ path, body: Buffer.from(text) }]);
    await store.discard([at('simple/a')]);
  }
  t.equal(readFileSync(join(target, 'trash/2026-11-22', path), 'utf8'), 'second');
});

t.test('folders that somebody removed meanwhile are made again', async (t) => {
  const { store, web } = open(t);
  await store.publish([{ path: blob, body: x }]);
  rmSync(join(web, 'packages'), { recursive: true });
  await store.publish([
    { path: at(`${blob}.metadata`), body: x },
    { path: blob, body: x },
  ]);
  t.same(treeOf(web), [blob, `${blob}.metadata`]);
});

t.test('a folder that is emptied and filled again at the same time is there', async (t) => {
  const { store, web } = open(t);
  await store.publish([{ path: blob, body: x }]);
  await Promise.all([store.discard([blob]), store.publish([{ path: at(`${folder}/b-1.0.zip`), body: x }])]);
  t.same(treeOf(web), [`${folder}/b-1.0.zip`]);
});

t.test('more files than are flushed one by one are published as well', async (t) => {
  const { store, web } = open(t);
  const paths = Array.from({ length: 40 }, (_, index) => at(`simple/p${index}/index.html`));
  await store.publish(paths.map((path) => ({ path, body: x })));
  t.equal(treeOf(web).length, 40);
});

t.test('a link is neither file nor folder; it is discarded, and what it leads to stays', async (t) => {
  const { store, target, web } = open(t);
  const aside = join(target, 'aside');
  writeFileSync(aside, 'x');
  for (const [name, to] of [
    ['file', aside],
    ['folder', target],
    ['nothing', 'nowhere'],
  ] as const) {
    const path = at(`simple/a/${name}`);
    mkdirSync(join(web, 'simple/a'), { recursive: true });
    symlinkSync(to, join(web, path));
    t.equal((await store.stat(path))?.kind, 'other', name);
    await store.discard([path]);
    t.equal(await store.stat(path), undefined);
    t.ok(lstatSync(join(target, 'trash/2026-11-22', path)).isSymbolicLink());
  }
  t.ok(existsSync(aside));
});

t.test('what is left in staging can be told before it is tidied away', async (t) => {
  const { store, target } = open(t);
  for (const name of ['write-1', 'abc.part', 'abc.etag']) writeFileSync(join(target, 'staging', name), 'x');
  t.same(await store.leftovers(false), ['write-1']);
  t.same((await store.leftovers(true)).sort(), ['abc.etag', 'abc.part', 'write-1']);
  rmSync(join(target, 'staging'), { recursive: true });
  t.same(await store.leftovers(true), []);
});

t.test('what leads to itself, and what is none of a folder, are StorageErrors', async (t) => {
  const { store, web } = open(t);
  symlinkSync('loop', join(web, 'simple/loop'));
  await t.rejects(store.stat(at('simple/loop/index.html')), { name: 'StorageError', message: /ELOOP/ });
  await t.rejects(store.read(at('simple')), { name: 'StorageError', message: /EISDIR/ });
});

t.test("the file system's refusals are StorageErrors that name the path", async (t) => {
  const { store, target } = open(t);
  rmSync(join(target, 'staging'), { recursive: true });
  await t.rejects(store.publish([{ path: blob, body: x }]), StorageError);
  await t.rejects(store.publish([{ path: blob, body: x }]), { message: /staging\/write-\d+: ENOENT/ });
});

t.test('a read-only tree is a StorageError with advice', ordinaryUserOrReason(), async (t) => {
  const target = openToAll(t).testdir();
  mkdirSync(join(target, 'web/simple'), { recursive: true });
  mkdirSync(join(target, 'staging'));
  for (const folder of ['staging', 'web', 'web/simple']) chmodSync(join(target, folder), 0o777);
  chmodSync(join(target, 'web/simple'), 0o555);
  const refused = await calledAsOrdinaryUser(
    { files: 'src/files/filesystem/filesystem-file-store.ts' },
    { target, path: 'simple/a/index.html' },
    `const clock = { now: Date.now, sleep: async () => {}, random: Math.random };
    const store = new files.FilesystemFileStore(given.target, clock);
    return store.publish([{ path: given.path, body: Buffer.from('x') }]).then(
      () => ({}),
      ({ name, message }) => ({ name, message }),
    );`,
  );
  chmodSync(join(target, 'web/simple'), 0o755);
  t.match(refused, {
    name: 'StorageError',
    message: /simple.*EACCES.*the user that runs pep381run must own the target/,
  });
});

t.test('a target that is a file is a StorageError', async (t) => {
  const target = join(t.testdir({ file: 'x' }), 'file');
  t.throws(() => new FilesystemFileStore(target, new FakeClock()).create(), StorageError);
});

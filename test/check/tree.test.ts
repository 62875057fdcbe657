/** What nothing accounts for: told, and moved away only when it is proven that nothing needs it. */
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { takeLock } from '../../src/state/sqlite/lock.ts';
import { publishedTree, treeOf } from '../e2e/tree.ts';
import { syncedCopies } from '../fixtures/synced-copies.ts';
import { named, type TestMirror } from '../fixtures/test-mirror.ts';
import { damageableIndex, flipByte, lockOf, queuedIn, runCheck } from './checked-mirror.ts';

const openSynced = syncedCopies(t, damageableIndex);
const hashFolder = `packages/ab/cd/${'e'.repeat(60)}`;
const wheel = 'many-2.0-py3-none-any.whl';
const deleting = { deleteUnreferenced: true };

/** Puts a file below `web/`, with the folders that it needs. */
function put(mirror: TestMirror, path: string, text = 'x'): void {
  mkdirSync(dirname(join(mirror.web, path)), { recursive: true });
  writeFileSync(join(mirror.web, path), text);
}

const unreferenced: Readonly<Record<string, string>> = {
  'a file of a version that went': `${hashFolder}/many-0.1.tar.gz`,
  'metadata beside a file that has none': `${hashFolder}/many-0.1.tar.gz.metadata`,
  'a download that rsync has left': `${hashFolder}/.many-0.1.tar.gz.Xh3k2a`,
  'a file of another layout': 'packages/source/m/many/many-0.1.tar.gz',
  'a file right below packages': 'packages/README.txt',
  'a file right below simple': 'simple/robots.txt',
  'a file among the pages': 'simple/many/index.html.bak',
  'a file in a folder among the pages': 'simple/many/old/index.html',
  'a name that could be taken for two lines': `${hashFolder}/a\nb.zip`,
};

for (const [what, path] of Object.entries(unreferenced)) {
  t.test(`${what} is told, and goes on demand`, async (t) => {
    const mirror = await openSynced(t);
    const before = publishedTree(mirror.target);
    put(mirror, path);
    t.same((await runCheck(mirror, { isHelped: true })).lines, [`Unreferenced file ${path.replace('\n', '?')}`]);
    const told = await runCheck(mirror);
    t.same(told.lines, [`Unreferenced file ${path.replace('\n', '?')}`]);
    t.equal(told.exitCode, 1);
    t.ok(existsSync(join(mirror.web, path)), 'it stays');
    t.match((await runCheck(mirror, deleting)).tally, { findings: 1, discarded: 1, queued: 0 });
    t.same(publishedTree(mirror.target), before, 'with its folders, and without anything else');
    t.ok(existsSync(join(mirror.target, 'trash/2026-11-22', path)), 'into the trash');
    t.same((await runCheck(mirror, deleting)).lines, []);
  });
}

t.test('metadata and provenance that nothing promises are unreferenced', async (t) => {
  const mirror = await openSynced(t);
  const sdist = mirror.pathOf('many', 'many-1.0.tar.gz');
  for (const suffix of ['metadata', 'provenance', 'sig']) put(mirror, `${sdist}.${suffix}`);
  const { lines } = await runCheck(mirror);
  t.same(
    [...lines].sort(),
    ['metadata', 'provenance', 'sig'].map((suffix) => `Unreferenced file ${sdist}.${suffix}`),
  );
});

t.test('pages of projects that nobody knows are told, and go on demand', async (t) => {
  const mirror = await openSynced(t);
  const before = publishedTree(mirror.target);
  for (const name of ['stranger', 'Many', 'not a name']) put(mirror, `simple/${name}/index.html`);
  const { lines } = await runCheck(mirror);
  const expected = ['Many', 'not a name', 'stranger'].map((name) => `Unknown project page simple/${name}`);
  t.same([...lines].sort(), expected);
  t.match((await runCheck(mirror, deleting)).tally, { findings: 3, discarded: 3 });
  t.same(publishedTree(mirror.target), before);
});

t.test('empty folders and what runs have left are told, but nothing is wrong', async (t) => {
  const mirror = await openSynced(t);
  const before = publishedTree(mirror.target);
  mkdirSync(join(mirror.web, hashFolder), { recursive: true });
  mkdirSync(join(mirror.web, 'simple/many/empty'));
  for (const name of ['write-7', '12ab.part']) writeFileSync(join(mirror.target, 'staging', name), 'x');
  const { lines, exitCode } = await runCheck(mirror);
  t.same(
    [...lines].sort(),
    [
      'Empty folder simple/many/empty',
      `Empty folder ${hashFolder}`,
      `Leftover ${mirror.target}/staging/12ab.part`,
      `Leftover ${mirror.target}/staging/write-7`,
    ].sort(),
  );
  t.equal(exitCode, 0);
  await runCheck(mirror, deleting);
  t.same(publishedTree(mirror.target), before);
  await mirror.runLater();
  t.same((await runCheck(mirror)).lines, [], 'a run tidies up');
});

t.test('a download that the next run continues is no leftover', async (t) => {
  const mirror = await openSynced(t);
  for (const name of named('new')) mirror.remembered((state) => state.queue.requeue(name, []));
  for (const name of ['write-7', '12ab.part', '12ab.etag']) writeFileSync(join(mirror.target, 'staging', name), 'x');
  t.same((await runCheck(mirror)).lines, [`Leftover ${mirror.target}/staging/write-7`]);
});

t.test('a link that nothing accounts for is told; what it leads to stays', async (t) => {
  const mirror = await openSynced(t);
  const before = publishedTree(mirror.target);
  const aside = join(mirror.target, 'aside');
  writeFileSync(aside, 'x');
  const path = `${hashFolder}/many-0.1.tar.gz`;
  mkdirSync(join(mirror.web, hashFolder), { recursive: true });
  symlinkSync(aside, join(mirror.web, path));
  t.same((await runCheck(mirror)).lines, [`Not a regular file ${path}: expected a file, found a link or a device`]);
  await runCheck(mirror, deleting);
  t.same(publishedTree(mirror.target), before);
  t.ok(existsSync(aside));
});

t.test('folders that were moved to another disk, and settings of Apache, are none of our business', async (t) => {
  const mirror = await openSynced(t);
  const path = mirror.pathOf('many', wheel);
  const folder = path.slice(0, 'packages/ab'.length);
  const aside = join(mirror.target, 'other-disk');
  renameSync(join(mirror.web, folder), aside);
  symlinkSync(aside, join(mirror.web, folder));
  for (const place of ['simple', 'packages']) put(mirror, `${place}/.htaccess`);
  const before = treeOf(mirror.web);
  t.same((await runCheck(mirror, deleting)).lines, []);
  t.same(treeOf(mirror.web), before);
});

t.test('what a queued project may be about to hold is left to the next run', async (t) => {
  const mirror = await openSynced(t);
  put(mirror, `${hashFolder}/many-0.1.tar.gz`);
  put(mirror, `${hashFolder}/many-0.1.tar.gz.metadata`);
  put(mirror, 'simple/new/index.html');
  for (const name of named('many', 'new')) mirror.remembered((state) => state.queue.requeue(name, []));
  t.same((await runCheck(mirror, deleting)).lines, []);
});

t.test('after damage was queued what belongs to it is not taken for unreferenced', async (t) => {
  const mirror = await openSynced(t);
  rmSync(join(mirror.web, `${mirror.pathOf('many', wheel)}.metadata`));
  await runCheck(mirror);
  const again = await runCheck(mirror, deleting);
  t.match(again.lines, [/^Missing metadata /, /^Nothing is deleted: /, /^Todo/]);
  t.equal(again.exitCode, 1, 'it is still missing');
  t.equal(again.tally.discarded, 0);
});

t.test('while a run is at work nobody can tell, and nothing is deleted', async (t) => {
  const mirror = await openSynced(t);
  put(mirror, `${hashFolder}/many-0.1.tar.gz`);
  put(mirror, 'packages/README.txt');
  const release = takeLock(lockOf(mirror.target));
  const { lines, exitCode } = await runCheck(mirror, deleting);
  release?.();
  t.same(
    lines.filter((line) => !line.startsWith('Synchronization')),
    ['A run is at work, so that nobody can tell what nothing accounts for; check again when it has ended'],
    'said once',
  );
  t.equal(exitCode, 0);
  t.ok(existsSync(join(mirror.web, hashFolder)));
});

t.test('nothing is deleted when a page could not be believed', async (t) => {
  const damages: Readonly<Record<string, (mirror: TestMirror) => unknown>> = {
    'a page that is no JSON': (mirror) => truncateSync(join(mirror.web, 'simple/many/index.v1_json'), 100),
    'a page that is missing': (mirror) => rmSync(join(mirror.web, 'simple/many/index.v1_json')),
    'a page that nobody can read': (mirror) => {
      renameSync(join(mirror.web, 'simple/many'), join(mirror.target, 'many'));
      symlinkSync('many', join(mirror.web, 'simple/many'));
    },
    'a state that has forgotten a file': (mirror) => {
      const [many] = named('many');
      mirror.remembered(
        (state) => many && state.queue.requeue(many, [state.held.project(many).files[0]?.path ?? fail()]),
      );
    },
  };
  for (const [what, damage] of Object.entries(damages)) {
    await t.test(what, async (t) => {
      const mirror = await openSynced(t);
      put(mirror, `${hashFolder}/beta-0.1.tar.gz`);
      damage(mirror);
      const { lines, tally } = await runCheck(mirror, deleting);
      t.equal(tally.discarded, 0);
      t.ok(existsSync(join(mirror.web, hashFolder)));
      t.ok(lines.includes(`Unreferenced file ${hashFolder}/beta-0.1.tar.gz`));
      t.ok(
        lines.includes(
          'Nothing is deleted: the pages of 1 project could not be read or do not agree with state.db; run pep381run first',
        ),
        lines.join('\n'),
      );
    });
  }
});

t.test('a damaged file is no reason to keep what is unreferenced', async (t) => {
  const mirror = await openSynced(t);
  put(mirror, `${hashFolder}/beta-0.1.tar.gz`);
  flipByte(join(mirror.web, mirror.pathOf('many', wheel)));
  t.match((await runCheck(mirror, deleting)).tally, { findings: 2, queued: 1, discarded: 1 });
  t.same(queuedIn(mirror), ['many']);
});

t.test('a state that does not know a large part of the tree deletes nothing', async (t) => {
  const mirror = await openSynced(t);
  for (let number = 0; number < 101; number += 1) put(mirror, `simple/lost-${number}/index.html`);
  put(mirror, `${hashFolder}/lost-1-1.0.tar.gz`);
  const before = publishedTree(mirror.target);
  const { lines, tally } = await runCheck(mirror, deleting);
  t.match(tally, { findings: 102, discarded: 0 });
  t.equal(lines.filter((line) => line.startsWith('Nothing is deleted: state.db does not know 101 ')).length, 1);
  t.same(publishedTree(mirror.target), before);
});

function fail(): never {
  throw new Error('there is none');
}

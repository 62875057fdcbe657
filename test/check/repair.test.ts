/** --repair: what is damaged is taken off the pages and out of the tree at once; nobody meets it until the next run. */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { takeLock } from '../../src/state/sqlite/lock.ts';
import { publishedTree } from '../e2e/tree.ts';
import { syncedCopies } from '../fixtures/synced-copies.ts';
import type { TestMirror } from '../fixtures/test-mirror.ts';
import { damageableIndex, flipByte, lockOf, queuedIn, runCheck } from './checked-mirror.ts';

const openSynced = syncedCopies(t, damageableIndex);
const sdist = 'many-1.0.tar.gz';
const wheel = 'many-2.0-py3-none-any.whl';
const today = 'trash/2026-11-22';

const blobOf = (mirror: TestMirror, filename: string): string => join(mirror.web, mirror.pathOf('many', filename));
const isInTrash = (mirror: TestMirror, path: string): boolean => existsSync(join(mirror.target, today, path));

/** The published mirror is right as far as it goes, and the next run completes it. */
async function healsTo(t: Test, mirror: TestMirror, before: object): Promise<void> {
  t.same(mirror.problems(), [], 'readers meet no damage');
  await mirror.runLater();
  t.same(publishedTree(mirror.target), before, 'the next run makes it as it was');
  t.same((await runCheck(mirror)).lines, []);
}

t.test('a damaged file leaves the pages, then the tree, until the next run', async (t) => {
  const mirror = await openSynced(t);
  const before = publishedTree(mirror.target);
  flipByte(blobOf(mirror, sdist));
  const { lines, exitCode, tally } = await runCheck(mirror, { repair: true });
  const path = mirror.pathOf('many', sdist);
  t.match(lines, [/^Bad sha256 /, `Moved to the trash ${path}`, 'Todo list updated; run pep381run now']);
  t.match(tally, { findings: 1, queued: 1, discarded: 1 });
  t.equal(exitCode, 1, 'there was damage');
  t.notOk(mirror.filenames('many').includes(sdist));
  t.equal(mirror.filenames('many').length, 4);
  t.ok(isInTrash(mirror, path));
  const twin = gunzipSync(fileOf(mirror, 'simple/many/index.v1_json.gz')).toString();
  t.equal(twin, mirror.text('simple/many/index.v1_json'));
  await healsTo(t, mirror, before);
});

t.test('a missing file leaves the pages', async (t) => {
  const mirror = await openSynced(t);
  const before = publishedTree(mirror.target);
  rmSync(blobOf(mirror, sdist));
  t.match((await runCheck(mirror, { repair: true })).tally, { findings: 1, discarded: 0 });
  t.notOk(mirror.filenames('many').includes(sdist));
  await mirror.runLater();
  t.same(publishedTree(mirror.target), before);
});

t.test('of a file whose metadata is damaged only the metadata goes', async (t) => {
  const mirror = await openSynced(t);
  const before = publishedTree(mirror.target);
  flipByte(`${blobOf(mirror, wheel)}.metadata`);
  await runCheck(mirror, { repair: true });
  const entry = mirror.page('many').files.find(({ filename }) => filename === wheel);
  t.equal(entry?.['core-metadata'], false, 'the page promises none');
  t.ok(existsSync(blobOf(mirror, wheel)));
  t.ok(isInTrash(mirror, `${mirror.pathOf('many', wheel)}.metadata`));
  t.same(mirror.problems(), []);
  const { length } = mirror.server.requests;
  await mirror.runLater();
  const fetched = mirror.server.requests.slice(length).map(({ path }) => path);
  t.notOk(fetched.includes(`/${mirror.pathOf('many', wheel)}`), 'the file itself is not fetched again');
  t.same(publishedTree(mirror.target), before);
});

t.test('our own provenance object that is damaged is no longer linked', async (t) => {
  const mirror = await openSynced(t);
  const settings = { baseUrl: 'https://mirror.example' };
  mirror.index.addRole('many', 'somebody');
  await mirror.runLater({ settings });
  const before = publishedTree(mirror.target);
  writeFileSync(`${blobOf(mirror, wheel)}.provenance`, 'none');
  await runCheck(mirror, { repair: true });
  t.equal(mirror.page('many').files.find(({ filename }) => filename === wheel)?.provenance, null);
  t.ok(isInTrash(mirror, `${mirror.pathOf('many', wheel)}.provenance`));
  await mirror.runLater({ settings });
  t.same(publishedTree(mirror.target), before);
});

t.test('pages that are wrong are made anew from the JSON', async (t) => {
  const mirror = await openSynced(t);
  const before = publishedTree(mirror.target);
  writeFileSync(join(mirror.web, 'simple/many/index.html'), '<a href="https://evil.example/">many</a>');
  writeFileSync(join(mirror.web, 'simple/many/index.v1_json.gz'), 'x');
  await runCheck(mirror, { repair: true });
  t.same(publishedTree(mirror.target), before, 'at once');
  t.same(queuedIn(mirror), ['many'], 'and the next run looks at them, too');
  await healsTo(t, mirror, before);
});

t.test('without a JSON page nothing is taken away, because other pages may link to it', async (t) => {
  const mirror = await openSynced(t);
  const before = publishedTree(mirror.target);
  truncateSync(join(mirror.web, 'simple/many/index.v1_json'), 100);
  flipByte(blobOf(mirror, sdist));
  const { tally } = await runCheck(mirror, { repair: true });
  t.match(tally, { queued: 1, discarded: 0 });
  t.ok(existsSync(blobOf(mirror, sdist)));
  await mirror.runLater();
  t.same(publishedTree(mirror.target), before);
});

for (const [what, put] of [
  ['a link', (path: string, aside: string) => symlinkSync(aside, path)],
  ['a folder', (path: string) => mkdirSync(path)],
] as const) {
  for (const place of ['simple/many/index.html', 'simple/many/index.html.gz', 'simple/many/index.v1_json', sdist]) {
    t.test(`${what} in place of ${place} is told, and goes with --repair only`, async (t) => {
      const mirror = await openSynced(t);
      const before = publishedTree(mirror.target);
      const path = place === sdist ? mirror.pathOf('many', sdist) : place;
      const aside = join(mirror.target, 'aside');
      writeFileSync(aside, fileOf(mirror, path));
      rmSync(join(mirror.web, path));
      put(join(mirror.web, path), aside);
      const told = await runCheck(mirror);
      const found = what === 'a folder' ? 'a folder' : 'a link or a device';
      const line = `Not a regular file ${path}: expected a file, found ${found}; --repair moves it to the trash`;
      t.same(
        told.lines.filter((text) => !text.startsWith('Empty folder ')),
        [line],
        'a run would follow the link, and stumble over the folder',
      );
      t.equal(told.exitCode, 1);
      t.same(queuedIn(mirror), []);
      await runCheck(mirror, { repair: true });
      t.same(queuedIn(mirror), ['many']);
      t.ok(existsSync(aside), 'what a link leads to stays');
      await mirror.runLater();
      t.same(publishedTree(mirror.target), before);
    });
  }
}

t.test('while a run is at work nothing is repaired, but queued', async (t) => {
  const mirror = await openSynced(t);
  flipByte(blobOf(mirror, sdist));
  const before = publishedTree(mirror.target);
  const release = takeLock(lockOf(mirror.target));
  const { lines, tally } = await runCheck(mirror, { repair: true });
  release?.();
  t.match(tally, { findings: 1, queued: 1, discarded: 0 });
  t.equal(lines.filter((line) => line.startsWith('Bad sha256 ')).length, 1, 'told once');
  t.same(publishedTree(mirror.target), before);
});

function fileOf(mirror: TestMirror, path: string): Buffer {
  return readFileSync(join(mirror.web, path));
}

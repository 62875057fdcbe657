/** A file that upstream serves under another path than before is known by its hash, and gets a second name. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ProjectName } from '../../../src/core/names.ts';
import { named, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { somePlace, TreeIndex } from '../../fixtures/tree-upstream.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';

const [mover] = named('mover') as [ProjectName];
const wheel = makeWheel({ name: 'mover', version: '1.0', files: { 'mover/data.bin': Buffer.alloc(3 << 20, 7) } });
const [from, to] = [somePlace('a', wheel.filename), somePlace('b', wheel.filename)];

interface Moving {
  readonly mirror: TestMirror;
  /** From now on upstream has the wheel elsewhere. */
  move(): void;
  /** The files that the latest run has asked for. */
  downloads(): string[];
}

/** A mirror of a project whose wheel will be moved. */
async function openMoving(t: Test): Promise<Moving> {
  const index = new TreeIndex();
  index.publishAt(from, wheel);
  index.publish(makeSdist({ name: 'mover', version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  t.same(mirror.problems(), []);
  return {
    mirror,
    move: () => {
      index.removeFile('mover', wheel.filename);
      index.publishAt(to, wheel);
    },
    downloads: () => mirror.requested().filter((path) => path.startsWith('/packages/')),
  };
}

t.test('a file that moved is linked, not fetched', async (t) => {
  const { mirror, move, downloads } = await openMoving(t);
  const { ino } = statSync(join(mirror.web, from));
  move();
  t.equal((await mirror.runLater()).parked.size, 0);
  t.same(downloads(), [`${to}.metadata`], 'but for the metadata beside it');
  t.equal(statSync(join(mirror.web, to)).ino, ino, 'it is the very file');
  t.notOk(existsSync(join(mirror.web, from)));
  t.same(
    mirror.eventsOf('project-planned').map(({ fetch, bytes }) => ({ fetch, bytes })),
    [{ fetch: [], bytes: 0 }],
  );
  t.same(mirror.eventsOf('file-started'), []);
  t.same(mirror.problems(), []);
  const held = mirror.remembered((state) => state.held.project(mover).files.map(({ path }) => `/${path}`));
  t.same(held.sort(), [mirror.index.pathOf('mover', 'mover-1.0.tar.gz'), to].sort());
});

t.test('an index-only mirror keeps a file that moved where it is, until files are wanted again', async (t) => {
  const { mirror, move, downloads } = await openMoving(t);
  move();
  await mirror.runLater({ settings: { indexOnly: true } });
  t.same(downloads(), []);
  t.ok(existsSync(join(mirror.web, from)));
  mirror.index.addRole('mover', 'somebody');
  await mirror.runLater({ settings: { indexOnly: true } });
  t.ok(existsSync(join(mirror.web, from)), 'and when it is looked at again');
  await mirror.runLater();
  t.same(downloads(), [`${to}.metadata`]);
  t.notOk(existsSync(join(mirror.web, from)));
  t.same(mirror.problems(), []);
});

t.test('an index-only mirror keeps both of two files with the same bytes that moved', async (t) => {
  const index = new TreeIndex();
  const other = { ...wheel, filename: 'mover-1.0-1-py3-none-any.whl' };
  const paths = [wheel, other].map(({ filename }) => somePlace('a', filename));
  index.publishAt(somePlace('a', wheel.filename), wheel);
  index.publishAt(somePlace('a', other.filename), other);
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  for (const file of [wheel, other]) {
    index.removeFile('mover', file.filename);
    index.publishAt(somePlace('b', file.filename), file);
  }
  await mirror.runLater({ settings: { indexOnly: true } });
  for (const path of paths) t.ok(existsSync(join(mirror.web, path)), path);
});

for (const [what, harm] of Object.entries({
  'was damaged since': (path: string) => writeFileSync(path, readFileSync(path).fill(0x20, 100, 200)),
  'was cut since': (path: string) => writeFileSync(path, 'cut'),
  'is not there any more': (path: string) => rmSync(path),
})) {
  t.test(`a file that moved is fetched when the old one ${what}`, async (t) => {
    const { mirror, move, downloads } = await openMoving(t);
    harm(join(mirror.web, from));
    move();
    t.equal((await mirror.runLater()).parked.size, 0);
    t.ok(downloads().includes(to));
    t.ok(readFileSync(join(mirror.web, to)).equals(wheel.content));
    t.notOk(existsSync(join(mirror.web, from)));
    t.same(mirror.problems(), []);
  });
}

t.test('the same bytes under two names are fetched once', async (t) => {
  const { mirror, downloads } = await openMoving(t);
  const filename = wheel.filename.replace('1.0', '1.1');
  mirror.index.publish({ ...wheel, version: '1.1', filename });
  await mirror.runLater();
  t.same(
    downloads().filter((path) => path.endsWith('.whl')),
    [],
  );
  t.same(mirror.filenames('mover').sort(), ['mover-1.0.tar.gz', wheel.filename, filename].sort());
  t.same(mirror.problems(), []);
  mirror.index.removeFile('mover', wheel.filename);
  await mirror.runLater();
  t.notOk(existsSync(join(mirror.web, from)));
  t.same(mirror.problems(), [], 'and each name goes on its own');
});

t.test('a dry run says that a moved file is not fetched', async (t) => {
  const { mirror, move } = await openMoving(t);
  move();
  await mirror.runLater({ settings: { dryRun: true } });
  t.match(mirror.eventsOf('project-planned'), [{ fetch: [], bytes: 0, remove: [from.slice(1)] }]);
  t.ok(existsSync(join(mirror.web, from)));
});

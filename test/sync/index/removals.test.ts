import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { restoreProject } from '../../../src/adopt/restore-project.ts';
import { UsageError } from '../../../src/core/errors.ts';
import { publishRemovals } from '../../../src/sync/index/removals.ts';
import { publishRootIndex } from '../../../src/sync/index/root-index.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { treeOf } from '../../fixtures/reader-check.ts';
import { named, openMirrorAt, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist } from '../../sample/distributions.ts';

const dayMs = 24 * 60 * 60_000;
const wheel = 'alpha-1.0-py3-none-any.whl';
const sdist = 'alpha-1.0.tar.gz';

interface Removed {
  readonly complete: boolean;
  readonly removed: readonly { project: string; path?: string; sha256?: string; removed: string; why: string }[];
}

function removals(mirror: TestMirror): Removed {
  return JSON.parse(mirror.text('removed.json')) as Removed;
}

function trash(mirror: TestMirror): string[] {
  return treeOf(join(mirror.target, 'trash'));
}

async function restore(mirror: TestMirror, ...names: string[]): Promise<void> {
  const { mirror: opened, close } = openMirrorAt(mirror.target, mirror.server.url, mirror.clock);
  try {
    for (const name of named(...names)) await restoreProject({ ...opened, keepSerials: true }, name);
    await publishRootIndex(opened);
    await publishRemovals(opened);
  } finally {
    await close();
  }
}

t.test('removed.json lists removals with their time and reason', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  t.notOk(existsSync(join(mirror.web, 'removed.json')));
  const paths = [sdist, wheel].map((file) => mirror.pathOf('alpha', file));
  mirror.index.removeProject('alpha');
  mirror.index.quarantine('beta');
  await mirror.runLater();
  const { complete, removed } = removals(mirror);
  t.ok(complete);
  const found = removed.map(({ project, path = '', why }) => `${project} ${path} ${why}`).sort();
  t.match(found, [
    `alpha  removed upstream`,
    ...paths.map((path) => `alpha ${path} removed upstream`).sort(),
    /^beta packages\/\S+ quarantined upstream$/,
  ]);
  t.equal(found.length, 4);
  t.match(
    removed,
    removed.map(({ path }) => ({ removed: /^2026-11-22T/, sha256: path && /^[0-9a-f]{64}$/ })),
  );

  await mirror.runLater({ policy: policyFrom('projects = ["beta"]') });
  t.match(removals(mirror).removed[0], { project: 'gamma', why: /mirror\.toml/ });
  mirror.clock.advance(400 * dayMs);
  mirror.index.publish(makeSdist({ name: 'beta', version: '9' }));
  mirror.index.removeRelease('beta', '9');
  await mirror.run({ policy: policyFrom('projects = ["gamma"]') });
  t.same(
    removals(mirror).removed.map(({ project }) => project),
    ['beta'],
    'and forgotten after a year',
  );
});

t.test('the trash keeps files for thirty days', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.removeFile('alpha', wheel);
  await mirror.runLater();
  mirror.clock.advance(10 * dayMs);
  mirror.index.removeFile('alpha', sdist);
  await mirror.run();
  mirror.clock.advance(20 * dayMs);
  await mirror.run();
  t.equal(trash(mirror).length, 3, 'to the end of the day');
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.match(trash(mirror), [/^2026-12-02\/.*alpha-1\.0\.tar\.gz$/]);
  await mirror.runLater({ settings: { trashDays: 0 } });
  t.same(trash(mirror), []);
});

t.test('a removed project comes back from the trash, and stays until upstream has it again', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const before = treeOf(join(mirror.web, 'simple')).concat(treeOf(join(mirror.web, 'packages')));
  mirror.index.removeProject('alpha');
  await mirror.runLater();
  await restore(mirror, 'alpha');
  t.same(treeOf(join(mirror.web, 'simple')).concat(treeOf(join(mirror.web, 'packages'))), before);
  t.same(mirror.filenames('alpha'), [wheel, sdist]);
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['alpha', 'beta', 'gamma'],
  );
  t.same(removals(mirror).removed, []);
  t.same(mirror.problems(), []);

  mirror.clock.advance(40 * dayMs);
  const { parked } = await mirror.run({ settings: { reconcile: true } });
  t.equal(parked.size, 0);
  t.same(mirror.filenames('alpha'), [wheel, sdist], 'although upstream does not have it');
  mirror.index.publish(makeSdist({ name: 'alpha', version: '9' }));
  await mirror.runLater();
  t.same(mirror.filenames('alpha'), ['alpha-9.tar.gz']);
  mirror.index.removeProject('alpha');
  await mirror.runLater();
  t.notOk(existsSync(join(mirror.web, 'simple/alpha')));
});

t.test('the files of a project that the trash still has come back', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const path = mirror.pathOf('alpha', wheel);
  mirror.index.removeProject('alpha');
  await mirror.runLater();
  rmSync(join(mirror.target, 'trash/2026-11-22', path));
  await restore(mirror, 'alpha');
  t.same(mirror.filenames('alpha'), [sdist]);
  t.same(mirror.problems(), []);
});

t.test('a project that is published, in quarantine, or unknown cannot be restored', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.quarantine('beta');
  await mirror.runLater();
  for (const [name, why] of [
    ['alpha', /alpha: is on the mirror/],
    ['beta', /beta: is in quarantine upstream/],
    ['delta', /delta: is not in the trash/],
  ] as const) {
    await t.rejects(restore(mirror, name), UsageError);
    await t.rejects(restore(mirror, name), { message: why });
  }
});

t.test('an archive keeps the files of what upstream removes, out of the index', async (t) => {
  const mirror = await openTestMirror(t);
  const settings = { keepRemoved: true };
  await mirror.run({ settings });
  const [gone, still, other, bad] = [
    ['alpha', wheel],
    ['alpha', sdist],
    ['gamma', 'gamma-1.0.tar.gz'],
    ['beta', 'beta-1.0-py3-none-any.whl'],
  ].map(([name = '', file = '']) => join(mirror.web, mirror.pathOf(name, file)));
  mirror.index.removeFile('alpha', wheel);
  mirror.index.removeProject('gamma');
  mirror.index.quarantine('beta');
  await mirror.runLater({ settings });
  t.same(mirror.filenames('alpha'), [sdist]);
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['alpha', 'beta'],
  );
  t.notOk(existsSync(join(mirror.web, 'simple/gamma')));
  t.same(
    [gone, still, other].map((file = '') => existsSync(file)),
    [true, true, true],
  );
  t.notOk(existsSync(bad ?? ''), 'what is in quarantine is not kept');

  mirror.index.yank('alpha', '1.0');
  await mirror.runLater({ settings });
  t.ok(existsSync(gone ?? ''));

  await mirror.runLater();
  t.same(
    [gone, still, other].map((file = '') => existsSync(file)),
    [false, true, false],
    'the setting was taken back',
  );
  t.same(mirror.problems(), []);
});

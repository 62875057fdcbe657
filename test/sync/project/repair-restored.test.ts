/** A restored project stays, and is repaired as far as that is possible without upstream. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { restoreProject } from '../../../src/adopt/restore-project.ts';
import type { WebPath } from '../../../src/core/paths.ts';
import type { Report } from '../../../src/core/report.ts';
import { publishRootIndex } from '../../../src/sync/index/root-index.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { fingerprint, treeOf } from '../../fixtures/reader-check.ts';
import { named, openMirrorAt, openTestMirror, type RunOptions, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist } from '../../sample/distributions.ts';

const dayMs = 24 * 60 * 60_000;
const wheel = 'alpha-1.0-py3-none-any.whl';
const sdist = 'alpha-1.0.tar.gz';
const [alpha] = named('alpha') as [ReturnType<typeof named>[number]];

/** A mirror that holds alpha, which upstream has removed. */
async function openRestored(t: Test, options: RunOptions = {}): Promise<TestMirror> {
  const mirror = await openTestMirror(t);
  await mirror.run(options);
  mirror.index.removeProject('alpha');
  await mirror.runLater(options);
  await restore(mirror, options);
  return mirror;
}

/** Brings alpha back; returns what was told. */
async function restore(mirror: TestMirror, options: RunOptions = {}): Promise<string[]> {
  const told: string[] = [];
  const report: Report = (event) => {
    if (event.type === 'warning') told.push(event.message);
  };
  const { mirror: opened, close } = openMirrorAt(mirror.target, mirror.server.url, mirror.clock, {
    ...options,
    report,
  });
  try {
    await restoreProject({ ...opened, keepSerials: true }, alpha);
    await publishRootIndex(opened);
  } finally {
    await close();
  }
  return told;
}

/** Where a file of alpha is held. */
function pathOf(mirror: TestMirror, filename: string): WebPath {
  const files = mirror.remembered((state) => state.held.project(alpha).files);
  const path = files.map((file) => file.path).find((held) => held.endsWith(`/${filename}`));
  if (path === undefined) throw new Error(`${filename} is not held`);
  return path;
}

/** What a check does that finds files damaged. */
function requeue(mirror: TestMirror, ...paths: readonly WebPath[]): void {
  mirror.remembered((state) => state.queue.requeue(alpha, paths));
}

for (const [what, [before, after]] of Object.entries<[string, string]>({
  'a change of the rules': ['[releases]\nprereleases = false\n', '[releases]\nyanked = false\n'],
  'the first run that follows dependencies': ['dependencies = true\nprojects = ["alpha", "beta"]', ''],
})) {
  t.test(`a restored project stays after ${what}`, async (t) => {
    const policy = policyFrom(before);
    const mirror = await openRestored(t, { policy });
    await mirror.runLater({ policy: after === '' ? policy : policyFrom(after) });
    t.equal(
      mirror.remembered((state) => state.held.project(alpha).restored),
      true,
    );
    mirror.index.publish(makeSdist({ name: 'beta', version: '9' }));
    mirror.clock.advance(2 * dayMs);
    const { parked } = await mirror.run({
      policy: after === '' ? policy : policyFrom(after),
      settings: { reconcile: true },
    });
    t.equal(parked.size, 0);
    t.ok(existsSync(join(mirror.web, 'simple/alpha/index.html')));
    t.same(mirror.problems(), []);
  });
}

t.test('a damaged file of a restored project is served no more, and is reported once', async (t) => {
  const mirror = await openRestored(t);
  const path = pathOf(mirror, wheel);
  writeFileSync(join(mirror.web, path), 'evil');
  requeue(mirror, path);
  const { parked } = await mirror.runLater();
  t.equal(parked.size, 0);
  t.match(mirror.eventsOf('alarm'), [{ message: /^alpha: alpha-1\.0-py3-none-any\.whl: missing or damaged, / }]);
  t.same(mirror.filenames('alpha'), [sdist]);
  t.notOk(existsSync(join(mirror.web, path)));
  t.ok(treeOf(join(mirror.target, 'trash')).some((left) => left.endsWith(path)));
  t.same(mirror.problems(), []);
  await mirror.runLater();
  t.same(mirror.eventsOf('alarm'), []);
  t.match(
    mirror.remembered((state) => state.held.project(alpha)),
    { restored: true, files: { length: 1 } },
  );
});

t.test('a file of a restored project that a check was wrong about is held again', async (t) => {
  const mirror = await openRestored(t);
  const before = fingerprint(mirror.web);
  requeue(mirror, pathOf(mirror, wheel));
  await mirror.runLater();
  t.same(mirror.eventsOf('alarm'), []);
  t.equal(
    mirror.remembered((state) => state.held.project(alpha).files.length),
    2,
  );
  const changed = Object.entries(fingerprint(mirror.web)).filter(([path, print]) => before[path] !== print);
  t.same(
    changed.filter(([path]) => /alpha|packages/.test(path)),
    [],
  );
});

t.test('a missing file of a restored project comes back from the trash', async (t) => {
  const mirror = await openRestored(t);
  const path = pathOf(mirror, wheel);
  const bytes = readFileSync(join(mirror.web, path));
  const place = join(mirror.target, 'trash/2026-11-21', path);
  mkdirSync(dirname(place), { recursive: true });
  renameSync(join(mirror.web, path), place);
  requeue(mirror);
  await mirror.runLater();
  t.same(mirror.eventsOf('alarm'), []);
  t.ok(readFileSync(join(mirror.web, path)).equals(bytes));
  t.same(mirror.filenames('alpha'), [wheel, sdist]);
  t.same(mirror.problems(), []);
});

t.test('the pages of a restored project are made anew', async (t) => {
  const mirror = await openRestored(t);
  const folder = join(mirror.web, 'simple/alpha');
  const html = readFileSync(join(folder, 'index.html'));
  writeFileSync(join(folder, 'index.html'), 'evil');
  requeue(mirror);
  await mirror.runLater();
  t.ok(readFileSync(join(folder, 'index.html')).equals(html));
  t.same(mirror.eventsOf('alarm'), []);

  rmSync(folder, { recursive: true });
  requeue(mirror);
  await mirror.runLater();
  t.match(mirror.eventsOf('alarm'), [{ message: /^alpha: .* its page is lost/ }]);
  t.same(mirror.filenames('alpha').sort(), [wheel, sdist].sort());
  t.same(mirror.problems(), []);
});

t.test('a damaged kept file is not restored, and is forgotten', async (t) => {
  const mirror = await openTestMirror(t);
  const options = { settings: { keepRemoved: true } };
  await mirror.run(options);
  const [bad, good] = [pathOf(mirror, wheel), pathOf(mirror, sdist)];
  mirror.index.removeProject('alpha');
  await mirror.runLater(options);
  writeFileSync(join(mirror.web, bad), 'evil');
  const told = await restore(mirror, options);
  t.match(told, [/^packages\/.*alpha-1\.0-py3-none-any\.whl: size: expected \d+, found 4; it is left out$/]);
  t.same(mirror.filenames('alpha'), [sdist]);
  t.same(
    mirror.remembered((state) => state.held.project(alpha).files.map(({ path }) => path)),
    [good],
  );
  t.notOk(existsSync(join(mirror.web, bad)));
  t.same(mirror.problems(), []);
});

t.test('a project of which every file is damaged is not restored', async (t) => {
  for (const keepRemoved of [true, false]) {
    const mirror = await openTestMirror(t);
    const options = { settings: { keepRemoved } };
    await mirror.run(options);
    const paths = [pathOf(mirror, wheel), pathOf(mirror, sdist)];
    mirror.index.removeProject('alpha');
    await mirror.runLater(options);
    const place = keepRemoved ? mirror.web : join(mirror.target, 'trash/2026-11-22');
    for (const path of paths) writeFileSync(join(place, path), 'evil');
    await t.rejects(restore(mirror, options), { name: 'UsageError', message: /^alpha: its files are damaged/ });
    t.notOk(existsSync(join(mirror.web, 'simple/alpha')));
    t.equal(
      mirror.remembered((state) => state.held.project(alpha).published),
      false,
    );
    for (const path of paths) t.ok(existsSync(join(place, path)), 'everything is where it was');
  }
});

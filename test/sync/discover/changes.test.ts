import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fingerprint, treeOf } from '../../fixtures/reader-check.ts';
import { openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';

const dayMs = 24 * 60 * 60_000;
const wheel = 'alpha-1.0-py3-none-any.whl';
const sdist = 'alpha-1.0.tar.gz';

t.test('a new release is fetched, and nothing else', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const file = mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(mirror.requested(), ['changelog_since_serial', '/simple/alpha/', file.path, `${file.path}.metadata`]);
  t.equal(mirror.page().meta['_last-serial'], mirror.index.serial);
});

t.test('a yank shows on the page without fetching the file again', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.yank('alpha', '1.0', 'broken');
  await mirror.runLater();
  t.same(
    mirror.page('alpha').files.map(({ yanked }) => yanked),
    ['broken', 'broken'],
  );
  t.same(mirror.requested(), ['changelog_since_serial', '/simple/alpha/']);
  mirror.index.unyank('alpha', '1.0');
  await mirror.runLater();
  t.same(
    mirror.page('alpha').files.map(({ yanked }) => yanked),
    [false, false],
  );
  t.same(mirror.problems(), []);
});

t.test('a removed file leaves the page, then the tree, and can be found in the trash', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const path = mirror.pathOf('alpha', wheel);
  mirror.index.removeFile('alpha', wheel);
  await mirror.runLater();
  t.same(mirror.filenames('alpha'), [sdist]);
  t.same(mirror.problems(), []);
  t.same(treeOf(join(mirror.target, 'trash')), [`2026-11-22/${path}`, `2026-11-22/${path}.metadata`]);
  t.same(
    mirror.eventsOf('file-removed').map((event) => event.path),
    [path],
  );
});

t.test('a removed release leaves with all its files', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.index.publish(makeWheel({ name: 'alpha', version: '1.1' }));
  await mirror.run();
  mirror.index.removeRelease('alpha', '1.0');
  await mirror.runLater();
  t.same(mirror.page('alpha').versions, ['1.1']);
  t.same(mirror.problems(), []);
  t.equal(treeOf(join(mirror.target, 'trash/2026-11-22/packages')).length, 3);
});

t.test('a removed project leaves with page and files, and the trash keeps them', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const path = mirror.pathOf('alpha', wheel);
  mirror.index.removeProject('alpha');
  const result = await mirror.runLater();
  t.equal(result.parked.size, 0);
  t.notOk(existsSync(join(mirror.web, 'simple/alpha')));
  t.notOk(existsSync(join(mirror.web, path)));
  t.ok(existsSync(join(mirror.target, 'trash/2026-11-22', path)));
  t.ok(existsSync(join(mirror.target, 'trash/2026-11-22/simple/alpha/index.html')));
  t.same(mirror.problems(), []);
  t.match(mirror.eventsOf('project-done'), [{ name: 'alpha', outcome: 'removed' }]);
  t.match(
    mirror.remembered((state) => state.totals()),
    { projects: 2, files: 2, queued: 0 },
  );
});

t.test('a project removed and registered again between two runs has only its new files', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.removeProject('alpha');
  mirror.index.publish(makeSdist({ name: 'alpha', version: '0.1' }));
  await mirror.runLater();
  t.same(mirror.filenames('alpha'), ['alpha-0.1.tar.gz']);
  t.same(mirror.problems(), []);
});

t.test('a project in quarantine offers no file, and has them back afterwards', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const path = mirror.pathOf('alpha', wheel);
  mirror.index.quarantine('alpha');
  await mirror.runLater();
  t.match(mirror.page('alpha'), { files: [], 'project-status': { status: 'quarantined' } });
  t.notOk(existsSync(join(mirror.web, path)));
  t.same(mirror.problems(), []);
  mirror.clock.advance(2 * dayMs);
  await mirror.run();
  t.equal(mirror.page('alpha')['project-status'].status, 'quarantined', 'its absence from the list changes nothing');

  mirror.index.clearQuarantine('alpha');
  await mirror.runLater();
  t.same(mirror.filenames('alpha'), [wheel, sdist]);
  t.same(mirror.problems(), []);
});

t.test('a release in quarantine is hidden, and comes back', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  await mirror.run();
  mirror.index.quarantineRelease('beta', '2.0');
  await mirror.runLater();
  t.same(mirror.page('beta').versions, ['1.0']);
  t.same(mirror.problems(), []);
  mirror.index.clearReleaseQuarantine('beta', '2.0');
  await mirror.runLater();
  t.same(mirror.page('beta').versions, ['1.0', '2.0']);
  t.same(mirror.problems(), []);
});

t.test('a change without a new serial is found by the monthly sweep', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.archive('alpha');
  await mirror.runLater();
  t.equal(mirror.page('alpha')['project-status'].status, 'active');
  mirror.clock.advance(31 * dayMs);
  await mirror.run();
  t.equal(mirror.page('alpha')['project-status'].status, 'archived');
  t.same(mirror.problems(), []);
  t.same(
    mirror
      .eventsOf('project-done')
      .map(({ name, outcome }) => `${name} ${outcome}`)
      .sort(),
    ['alpha published', 'beta unchanged', 'gamma unchanged'],
  );
  await mirror.runLater();
  t.same(mirror.requested(), ['changelog_since_serial'], 'then a month of rest');
});

t.test('the sweep requests no more projects per run than its limit', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.clock.advance(31 * dayMs);
  const looked: string[] = [];
  for (let run = 0; run < 3; run += 1) {
    await mirror.runLater({ settings: { sweep: 1 } });
    looked.push(...mirror.eventsOf('project-done').map(({ name }) => name));
  }
  t.same(looked.sort(), ['alpha', 'beta', 'gamma']);
});

t.test('a change of roles changes the serial on the page and nothing else', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const before = mirror.page('alpha');
  const packages = fingerprint(join(mirror.web, 'packages'));
  mirror.index.addRole('alpha', 'somebody');
  await mirror.runLater();
  const after = mirror.page('alpha');
  t.equal(after.meta['_last-serial'], mirror.index.serial);
  t.same({ ...after, meta: before.meta }, before);
  t.same(fingerprint(join(mirror.web, 'packages')), packages);
  t.same(mirror.problems(), []);
});

t.test('a new project appears in the root index', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.publish(makeWheel({ name: 'delta', version: '1.0' }), { displayName: 'Delta' });
  await mirror.runLater();
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['alpha', 'beta', 'Delta', 'gamma'],
  );
  t.same(mirror.problems(), []);
});

t.test('a page has a compressed twin as long as that is worth it', async (t) => {
  const mirror = await openTestMirror(t);
  for (let minor = 0; minor < 5; minor += 1) mirror.index.publish(makeWheel({ name: 'delta', version: `1.${minor}` }));
  await mirror.run();
  const twins = () => treeOf(join(mirror.web, 'simple/delta')).filter((path) => path.endsWith('.gz'));
  t.same(twins(), ['index.html.gz', 'index.v1_json.gz']);
  t.same(mirror.problems(), []);
  for (let minor = 0; minor < 5; minor += 1) mirror.index.removeRelease('delta', `1.${minor}`);
  await mirror.runLater();
  t.same(twins(), []);
  t.same(mirror.problems(), []);
});

for (const page of ['index.html', 'index.v1_json']) {
  t.test(`an ${page} that somebody deleted is written again when its project is synced`, async (t) => {
    const mirror = await openTestMirror(t);
    await mirror.run();
    rmSync(join(mirror.web, 'simple/alpha', page));
    mirror.clock.advance(31 * dayMs);
    await mirror.run();
    t.same(mirror.problems(), []);
    t.ok(existsSync(join(mirror.web, 'simple/alpha', page)));
  });
}

t.test('--reconcile writes a root index again that somebody deleted', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  rmSync(join(mirror.web, 'simple/index.html'));
  await mirror.runLater({ settings: { reconcile: true } });
  t.same(mirror.problems(), []);
});

/** The legacy JSON, which other mirror programs and updaters of dependencies read. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openSyncedMirror, runCheck } from '../../check/checked-mirror.ts';
import { contentOf } from '../../fixtures/partial-mirrors.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

const on = { settings: { legacyJson: true, baseUrl: 'https://mirror.example' } };
const off = { settings: { baseUrl: on.settings.baseUrl } };

function index(): SampleIndex {
  const index = new SampleIndex();
  index.publish(makeSdist({ name: 'Foo.Bar', version: '1.0' }));
  index.publish(makeWheel({ name: 'Foo.Bar', version: '1.0', requiresPython: '>=3.9' }));
  index.publish(makeWheel({ name: 'Foo.Bar', version: '2.0', requires: ['alpha>=1'] }));
  index.publish(makeWheel({ name: 'Foo.Bar', version: '3.0rc1' }));
  index.publish(makeSdist({ name: 'alpha', version: '1.0' }));
  index.create('nothing-yet');
  return index;
}

function json(mirror: TestMirror, path: string) {
  return JSON.parse(mirror.text(path));
}

function legacyTree(mirror: TestMirror): string[] {
  const folder = join(mirror.web, 'pypi');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort();
}

function isRight(t: Test, mirror: TestMirror): void {
  t.same([mirror.problems(), mirror.warnings(), mirror.parkings()], [[], [], []]);
}

t.test('legacy JSON is made of the files that are held', async (t) => {
  const mirror = await openTestMirror(t, { index: index() });
  await mirror.run(on);
  t.same(legacyTree(mirror), [
    'alpha/1.0/json',
    'alpha/json',
    'alpha/serial',
    'foo-bar/1.0/json',
    'foo-bar/2.0/json',
    'foo-bar/3.0rc1/json',
    'foo-bar/json',
    'foo-bar/serial',
    'nothing-yet/json',
    'nothing-yet/serial',
  ]);
  const project = json(mirror, 'pypi/foo-bar/json');
  const { meta } = mirror.page('foo-bar');
  t.equal(project.last_serial, meta['_last-serial']);
  t.equal(
    mirror.text('pypi/foo-bar/serial'),
    String(meta['_last-serial']),
    'without a line end, as it becomes a header',
  );
  t.match(project.info, { name: 'Foo.Bar', version: '2.0', yanked: false, requires_dist: ['alpha>=1'] });
  t.same(Object.keys(project.releases), ['1.0', '2.0', '3.0rc1']);
  t.same(project.urls, project.releases['2.0']);
  const [file] = project.urls;
  const [held] = mirror.page('foo-bar').files.filter(({ filename }) => filename === file.filename);
  t.match(file, {
    url: `https://mirror.example/${held?.url.slice(6)}`,
    packagetype: 'bdist_wheel',
    python_version: 'py3',
    'core-metadata': held?.['core-metadata'],
    yanked: false,
    yanked_reason: null,
    upload_time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/,
    upload_time_iso_8601: /Z$/,
    digests: { sha256: /^[0-9a-f]{64}$/ },
  });
  const release = json(mirror, 'pypi/foo-bar/1.0/json');
  t.equal(release.info.requires_python, '>=3.9');
  t.same(
    release.urls.map((one: { packagetype: string }) => one.packagetype),
    ['bdist_wheel', 'sdist'],
    'in the order of the page',
  );
  t.same(json(mirror, 'pypi/nothing-yet/json').releases, {});
  t.same(
    Object.entries(json(mirror, 'local.json')),
    mirror.page().projects.map(({ name, '_last-serial': serial }) => [name.toLowerCase().replace('.', '-'), serial]),
  );
  t.equal(mirror.text('local.db.serial'), String(mirror.page().meta['_last-serial']));
  isRight(t, mirror);
});

t.test('legacy JSON is switched on and off on an existing mirror', async (t) => {
  const mirror = await openTestMirror(t, { index: index() });
  await mirror.run(off);
  const before = contentOf(mirror.web);
  t.same(legacyTree(mirror), []);
  await mirror.runLater(on);
  t.same(mirror.requested(), ['changelog_since_serial'], 'nothing is asked for');
  t.equal(legacyTree(mirror).length, 10);
  t.ok(existsSync(join(mirror.web, 'local.json')));
  isRight(t, mirror);
  await mirror.runLater({ settings: { ...on.settings, baseUrl: 'https://other.example' } });
  t.match(json(mirror, 'pypi/alpha/json').urls[0].url, /^https:\/\/other\.example\/packages\//);
  isRight(t, mirror);
  await mirror.runLater({ settings: { ...on.settings, baseUrl: 'http://inside.example' } });
  t.match(json(mirror, 'pypi/alpha/json').urls[0].url, /^http:\/\/inside\.example\/packages\//);
  isRight(t, mirror);
  await mirror.runLater(off);
  t.same(legacyTree(mirror), []);
  for (const path of ['local.json', 'local.db.serial', 'pypi']) t.notOk(existsSync(join(mirror.web, path)), path);
  t.same(contentOf(mirror.web), before);
});

t.test('without base-url legacy JSON links to the files of upstream', async (t) => {
  const mirror = await openTestMirror(t, { index: index() });
  await mirror.run({ settings: { legacyJson: true } });
  await mirror.runLater({ settings: { legacyJson: true } });
  t.match(json(mirror, 'pypi/alpha/json').urls[0].url, new RegExp(`^${mirror.server.url}/packages/`));
  isRight(t, mirror);
});

t.test('legacy JSON is written only for projects that change', async (t) => {
  const mirror = await openTestMirror(t, { index: index() });
  await mirror.run(on);
  const before = mirror.text('pypi/alpha/json');
  mirror.index.publish(makeWheel({ name: 'Foo.Bar', version: '4.0' }));
  mirror.index.removeRelease('Foo.Bar', '1.0');
  mirror.index.yank('Foo.Bar', '2.0', 'broken');
  await mirror.runLater({ ...on, allowDeletions: 9 });
  t.same(
    legacyTree(mirror).filter((path) => path.startsWith('foo-bar/')),
    ['foo-bar/2.0/json', 'foo-bar/3.0rc1/json', 'foo-bar/4.0/json', 'foo-bar/json', 'foo-bar/serial'],
  );
  t.match(json(mirror, 'pypi/foo-bar/json'), { info: { version: '4.0' } });
  t.match(json(mirror, 'pypi/foo-bar/2.0/json').info, { yanked: true, yanked_reason: 'broken' });
  t.equal(mirror.text('pypi/alpha/json'), before);
  mirror.index.removeProject('alpha');
  mirror.index.quarantine('Foo.Bar');
  await mirror.runLater({ ...on, allowDeletions: 9 });
  t.notOk(existsSync(join(mirror.web, 'pypi/alpha')));
  t.notOk('alpha' in json(mirror, 'local.json'));
  t.same(json(mirror, 'pypi/foo-bar/json').releases, {}, 'who mirrors by it drops the files');
  isRight(t, mirror);
});

t.test('a check finds legacy JSON that is missing, wrong, or unreferenced', async (t) => {
  const mirror = await openSyncedMirror(t, index());
  await mirror.runLater(on);
  const right = await runCheck(mirror);
  t.match([right.exitCode, right.lines.filter((line) => /pypi|local/.test(line))], [0, []]);
  const tree = contentOf(mirror.web);
  rmSync(join(mirror.web, 'pypi/foo-bar/1.0/json'));
  writeFileSync(join(mirror.web, 'pypi/alpha/json'), '{}');
  writeFileSync(join(mirror.web, 'pypi/nothing-yet/9.9'), '');
  rmSync(join(mirror.web, 'local.json'));
  const found = await runCheck(mirror);
  t.equal(found.exitCode, 1);
  for (const path of ['pypi/foo-bar/1.0/json', 'pypi/alpha/json', 'pypi/nothing-yet/9.9', 'local.json']) {
    t.ok(
      found.lines.some((line) => line.includes(path)),
      path,
    );
  }
  await mirror.runLater(on);
  t.same(contentOf(mirror.web), tree, 'and the next run has healed it');
  t.equal((await runCheck(mirror)).exitCode, 0);
});

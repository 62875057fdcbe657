import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fingerprint, treeOf } from '../../fixtures/reader-check.ts';
import { named, openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { projectPage, renderProjectHtml } from '../../sample/pages.ts';
import { SampleIndex } from '../../sample/sample-index.ts';
import { sampleIndex } from '../../sample/sample-projects.ts';

t.test('the first run mirrors everything that upstream lists', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const { index, server } = mirror;
  const result = await mirror.run();
  t.equal(result.parked.size, 0);
  t.same(mirror.problems(), []);

  for (const project of index.projects().filter(({ quarantined }) => !quarantined)) {
    const page = projectPage(project, server.url);
    const local = (text: string): string => text.replaceAll(`${server.url}/packages/`, '../../packages/');
    t.equal(
      mirror.text(`simple/${project.name}/index.html`),
      local(renderProjectHtml(page)),
      `${project.name} as HTML`,
    );
    t.same(mirror.page(project.name), JSON.parse(local(JSON.stringify(page))), `${project.name} as JSON`);
    for (const file of project.files.values()) {
      const { mtimeMs } = statSync(join(mirror.web, file.path));
      t.equal(mtimeMs, file.uploadTime.getTime(), `${file.filename} is as old as its upload`);
    }
  }
  const names = mirror.page().projects.map(({ name }) => name);
  t.ok(names.includes('Sample.Camel_Case') && names.includes('sample-empty'));
  t.same(mirror.page().meta, { '_last-serial': index.serial, 'api-version': '1.4' });
  t.equal(mirror.text('last-modified'), '20261122T00:00:00\n');
  t.equal(mirror.page('sample-archived')['project-status'].status, 'archived');
  t.same(mirror.page('sample-empty').files, []);
  t.same(mirror.page('sample-pre').versions, ['1.0', '2.0.dev3', '2.0a1', '2.0rc1']);
  t.same(
    mirror.page('sample-yanked').files.map(({ yanked }) => yanked),
    [false, false, 'breaks "everything" & <more>', 'breaks "everything" & <more>', true, true],
  );
  t.same(treeOf(join(mirror.target, 'staging')), [], 'nothing is left in staging');
});

t.test('each page and each file is asked for once', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run();
  const asked = mirror.requested();
  t.equal(new Set(asked).size, asked.length);
  t.same(asked.slice(0, 2), ['changelog_last_serial', '/simple/']);
  t.ok(mirror.server.requests.every(({ headers }) => headers['user-agent'] === 'pep381client/test'));
  t.ok(mirror.server.traffic.peakRequests <= 4, 'with no more connections than there are workers');
});

t.test('without changes a run asks once and writes nothing but the time', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run();
  const before = fingerprint(mirror.web);
  await mirror.runLater();
  t.same(mirror.requested(), ['changelog_since_serial']);
  const after = fingerprint(mirror.web);
  t.not(after['last-modified'], before['last-modified']);
  t.same({ ...after, 'last-modified': '' }, { ...before, 'last-modified': '' });
  t.equal(mirror.text('last-modified'), '20261122T01:00:00\n');
});

t.test('an empty index gives an empty mirror', async (t) => {
  const mirror = await openTestMirror(t, { index: new SampleIndex() });
  await mirror.run();
  t.same(mirror.problems(), []);
  t.same(mirror.page().projects, []);
  await mirror.runLater();
  t.same(mirror.requested(), ['changelog_since_serial']);
});

t.test('names are requested in normalized form, and shown as their authors spell them', async (t) => {
  const index = new SampleIndex();
  index.publish(makeWheel({ name: 'Zope.Interface__x', version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  t.ok(mirror.requested().includes('/simple/zope-interface-x/'));
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['Zope.Interface__x'],
  );
  index.publish(makeWheel({ name: 'Zope.Interface__x', version: '2.0' }));
  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.same(mirror.page('zope-interface-x').versions, ['1.0', '2.0']);
});

t.test('a chosen project keeps the spelling that the list gave it', async (t) => {
  const index = new SampleIndex();
  index.publish(makeWheel({ name: 'Big.Name', version: '1.0' }));
  index.publish(makeWheel({ name: 'other', version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  const settings = { projects: named('big-name') };
  await mirror.runLater({ settings });
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['Big.Name', 'other'],
  );
  t.same(mirror.problems(), []);
});

t.test('only chosen projects are mirrored, and their changes followed', async (t) => {
  const mirror = await openTestMirror(t);
  const settings = { projects: named('alpha') };
  await mirror.run({ settings });
  t.same(mirror.problems(), []);
  t.notOk(mirror.requested().includes('/simple/'), 'the long list is not asked for');
  mirror.index.publish(makeWheel({ name: 'alpha', version: '1.1' }));
  mirror.index.publish(makeWheel({ name: 'beta', version: '1.1' }));
  await mirror.runLater({ settings });
  t.same(mirror.page('alpha').versions, ['1.0', '1.1']);
  t.same(
    mirror.requested().filter((path) => path.startsWith('/simple/')),
    ['/simple/alpha/'],
  );
  await mirror.runLater({ settings: { projects: named('alpha', 'beta') } });
  t.same(mirror.page('beta').versions, ['1.0', '1.1'], 'another one can be added');
  await mirror.runLater();
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['alpha', 'beta', 'gamma'],
    'and all of them',
  );
  t.same(mirror.problems(), []);
});

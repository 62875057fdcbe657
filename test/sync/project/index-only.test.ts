import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { namesOf } from '../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { treeOf } from '../../fixtures/reader-check.ts';
import { openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { projectPage, renderProjectHtml } from '../../sample/pages.ts';
import { SampleIndex } from '../../sample/sample-index.ts';
import { sampleIndex } from '../../sample/sample-projects.ts';

const indexOnly = { indexOnly: true };

t.test('an index-only mirror has the pages, which link to the files of upstream', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run({ settings: indexOnly });
  t.same(mirror.problems(), []);
  t.same(treeOf(join(mirror.web, 'packages')), []);
  t.notOk(mirror.requested().some((path) => path.startsWith('/packages') || path.startsWith('/integrity')));
  for (const project of mirror.index.projects().filter(({ quarantined }) => !quarantined)) {
    const page = projectPage(project, mirror.server.url);
    t.same(mirror.page(project.name), page, `${project.name} as JSON`);
    t.equal(mirror.text(`simple/${project.name}/index.html`), renderProjectHtml(page), `${project.name} as HTML`);
  }
  await mirror.runLater({ settings: indexOnly });
  t.same(mirror.requested(), ['changelog_since_serial']);
  mirror.index.publish(makeWheel({ name: 'sample-base', version: '2.0' }));
  await mirror.runLater({ settings: indexOnly });
  t.same(mirror.page('sample-base').versions, ['1.0', '1.9', '1.10', '2.0']);
});

t.test('without index-only the files are fetched, and the links become local', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run({ settings: indexOnly });
  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.equal(treeOf(join(mirror.web, 'packages')).length, 6);
  t.match(
    mirror.page('alpha').files.map(({ url }) => url),
    [/^\.\.\/\.\.\/packages\//, /^\.\.\/\.\.\/packages\//],
  );
  await mirror.runLater();
  t.same(mirror.requested(), ['changelog_since_serial']);
});

t.test('a mirror that becomes index-only keeps its files, and links to those of upstream', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  await mirror.runLater({ settings: indexOnly });
  const path = mirror.pathOf('alpha', 'alpha-1.0-py3-none-any.whl');
  t.equal(mirror.page('alpha').files[0]?.url, `${mirror.server.url}/${path}`);
  t.ok(existsSync(join(mirror.web, path)));
  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.notOk(
    mirror.requested().some((asked) => asked.startsWith('/packages')),
    'nothing is fetched a second time',
  );
});

t.test('a mirror that becomes index-only still holds what its files require, unless these are removed', async (t) => {
  const index = new SampleIndex();
  index.publish(makeWheel({ name: 'app', version: '1.0', requires: ['old'] }));
  index.publish(makeWheel({ name: 'app', version: '2.0', requires: ['new'] }));
  for (const name of ['old', 'new']) index.publish(makeWheel({ name, version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  const policy = policyFrom('projects = ["app"]\ndependencies = true');
  await mirror.run({ policy });
  await mirror.runLater({ policy, settings: indexOnly });
  t.same(namesOf(mirror), ['app', 'new', 'old']);
  t.equal(
    mirror.remembered((state) => state.totals().files),
    4,
  );
  index.removeRelease('app', '1.0');
  await mirror.runLater({ policy, settings: indexOnly });
  t.same(namesOf(mirror), ['app', 'new']);
  t.equal(
    mirror.remembered((state) => state.totals().files),
    2,
  );
});

t.test('another base-url writes the pages anew', async (t) => {
  const index = sampleIndex();
  const mirror = await openTestMirror(t, { index });
  const provenances = () => mirror.page('sample-provenance').files.map(({ provenance }) => provenance);
  await mirror.run();
  t.match(provenances(), [/^http:\/\/127/, /^http:\/\/127/]);
  await mirror.runLater({ settings: { baseUrl: 'https://one.example' } });
  t.match(provenances(), [/^https:\/\/one\.example\/packages\//, /^https:\/\/one\.example\/packages\//]);
  await mirror.runLater({ settings: { baseUrl: 'https://two.example/pypi' } });
  t.match(provenances(), [/^https:\/\/two\.example\/pypi\/packages\//, /^https:\/\/two\.example\/pypi\/packages\//]);
  t.same(mirror.problems(), []);
  await mirror.runLater({ settings: { baseUrl: 'https://two.example/pypi' } });
  t.same(mirror.requested(), ['changelog_since_serial']);
});

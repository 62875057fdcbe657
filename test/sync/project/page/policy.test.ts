import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { policyFrom } from '../../../fixtures/policy-from.ts';
import { openTestMirror } from '../../../fixtures/test-mirror.ts';
import { sampleIndex } from '../../../sample/sample-projects.ts';

t.test('a named project is held with what its releases require, and nothing else is requested', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const policy = policyFrom('projects = ["sample-app"]\ndependencies = true');
  await mirror.run({ policy });
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['sample-app', 'sample-base'],
  );
  t.same(mirror.page('sample-base').versions, ['1.9', '1.10']);
  t.same(mirror.problems(), []);
  t.notOk(mirror.requested().includes('/simple/'), 'no list of all projects');
  t.same(
    mirror.requested().filter((path) => path.startsWith('/simple/')),
    ['/simple/sample-app/', '/simple/sample-base/'],
  );
  await mirror.run({ policy });
  t.same(mirror.requested(), ['changelog_since_serial']);
});

t.test('a narrower policy requests nothing, and a wider one only what it adds', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run();
  const all = mirror.filenames('sample-base');
  await mirror.run({ policy: policyFrom('projects = ["sample-base>=1.9"]') });
  t.same(mirror.requested(), ['changelog_since_serial']);
  t.same(mirror.page('sample-base').versions, ['1.9', '1.10']);
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['sample-base'],
  );
  t.same(mirror.problems(), []);
  await mirror.run({ policy: policyFrom('projects = ["sample-base"]') });
  t.same(mirror.filenames('sample-base'), all);
  t.notOk(mirror.requested().some((path) => path.startsWith('/simple/')));
  t.equal(mirror.requested().length, 1 + 3, 'the changelog, two files, one sidecar');
  await mirror.run();
  t.ok(mirror.page().projects.length > 10);
  t.same(mirror.problems(), []);
});

t.test('files that are left out are linked to upstream where the policy says so', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const policy = policyFrom('unmirrored = "upstream"\n[releases]\nkeep = 1');
  await mirror.run();
  await mirror.run({ policy });
  t.same(mirror.requested(), ['changelog_since_serial']);
  const later = mirror.page('sample-base');
  const links = later.files.map(({ url }) => url.startsWith('../../'));
  t.same(links, [false, false, false, false, true, true]);
  const fresh = await openTestMirror(t, { index: sampleIndex() });
  await fresh.run({ policy });
  const withoutPort = (url: string): string => url.replace(/:\d+/, '');
  t.same(
    fresh.page('sample-base').files.map(({ url }) => withoutPort(url)),
    later.files.map(({ url }) => withoutPort(url)),
    'as a fresh mirror would have it',
  );
});

t.test('a file that is too young is fetched once it is old enough, without a request for its page', async (t) => {
  const mirror = await openTestMirror(t);
  const policy = policyFrom('[releases]\nmin-age = "300d"');
  await mirror.run({ policy });
  const first = mirror.page('alpha').files.length;
  mirror.clock.advance(3000 * 86_400_000);
  await mirror.run({ policy });
  t.notOk(mirror.requested().includes('/simple/alpha/') && first === 0);
  t.equal(mirror.page('alpha').files.length, 2);
});

t.test('a cached page that is cut off is requested again', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run({ policy: policyFrom('projects = ["sample-base"]\n[releases]\nkeep = 1') });
  const db = new Database(join(mirror.target, 'state.db'));
  t.equal(
    db.prepare('UPDATE plans SET page = CAST(substr(page, 1, 20) AS BLOB) WHERE page IS NOT NULL').run().changes,
    1,
  );
  db.close();
  await mirror.run({ policy: policyFrom('projects = ["sample-base"]\n[releases]\nkeep = 2') });
  t.ok(mirror.requested().includes('/simple/sample-base/'));
  t.same(mirror.page('sample-base').versions, ['1.9', '1.10']);
  t.same(mirror.problems(), []);
});

/** What changes under a policy that stays, or is another one: upstream is asked for what is missing, and for nothing else. */
import t from 'tap';
import { someCases } from '../../fixtures/every-case.ts';
import { contentOf, fetched, namesOf, openMirrorsOf, plansOf, unsound } from '../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { named, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';
import { sampleIndex } from '../../sample/sample-projects.ts';

const dayMs = 86_400_000;

t.test('a narrower policy requests nothing, whatever the pages look like', async (t) => {
  const index = sampleIndex();
  const open = await openMirrorsOf(t, index);
  const first = open('first');
  const { server } = first;
  const elsewhere = server.url.replace('127.0.0.1', 'localhost');
  const fileHosts = [new URL(elsewhere).host];
  const alter = (change: (url: string) => string): (() => void)[] =>
    index.projects().map(({ name }) =>
      first.alterPage(name, (page) => ({
        ...page,
        files: page.files.map((file) => ({ ...file, url: change(file.url) })),
      })),
    );
  const forms: readonly (readonly [string, (url: string) => string])[] = [
    ['as PyPI has them', (url) => url],
    ['relative URLs', (url) => url.replace(server.url, '../..')],
    ['files on another host', (url) => url.replace(server.url, elsewhere)],
    ['some files on another host', (url) => (/\.whl$/.test(url) ? url.replace(server.url, elsewhere) : url)],
    ['a host with a path', (url) => url.replace(`${server.url}/packages`, `${elsewhere}/packages`)],
  ];
  // Pages that link to our own files only do not depend on the form of upstream's.
  await first.run({ policy: policyFrom('otherwise = "pages-only"\nprojects = ["sample-base==1.10"]') });
  await first.run({ policy: policyFrom('projects = ["sample-base==1.10"]') });
  const expected = contentOf(first.web);
  for (const [form, change] of someCases(forms, 2)) {
    const isMixed = form.startsWith('some');
    await t.test(form, async (t) => {
      const restores = alter(change);
      t.teardown(() => {
        for (const restore of restores) restore();
      });
      const mirror = open(form);
      await mirror.run({ fileHosts });
      for (const toml of [
        'unmirrored = "upstream"\n[releases]\nkeep = 1',
        'otherwise = "pages-only"\nprojects = ["sample-base==1.10"]',
        'projects = ["sample-base==1.10"]',
      ]) {
        const policy = policyFrom(toml);
        await mirror.run({ policy, fileHosts });
        const asked = mirror.requested().filter((path) => !(isMixed && path.startsWith('/simple/')));
        t.same(asked, ['changelog_since_serial'], toml);
        t.same(unsound(mirror), []);
      }
      t.same(contentOf(mirror.web), expected);
      await mirror.run({ policy: policyFrom('projects = ["sample-base"]'), fileHosts });
      t.notOk(
        fetched(mirror).some((path) => path.startsWith('/simple/')),
        'a wider one fetches files alone',
      );
      t.equal(mirror.filenames('sample-base').length, 6);
      t.same(unsound(mirror), []);
    });
  }
});

t.test('a narrower policy requests nothing with a base URL for provenance, either', async (t) => {
  const open = await openMirrorsOf(t, sampleIndex());
  const [mirror, fresh] = [open('mirror'), open('fresh')];
  const settings = { baseUrl: 'https://mirror.example' };
  const policy = policyFrom('unmirrored = "upstream"\n[files]\nkinds = ["wheel"]');
  await mirror.run({ settings });
  await mirror.run({ settings, policy });
  const [wheel, sdist] = mirror.page('sample-provenance').files;
  t.ok(wheel?.provenance?.startsWith(settings.baseUrl), 'ours is with ours');
  t.ok(sdist?.provenance?.startsWith(mirror.server.url), 'and upstream’s with what is linked there');
  await fresh.run({ settings, policy });
  t.same(contentOf(mirror.web), contentOf(fresh.web));
  t.same(unsound(mirror), []);
});

t.test('a wider policy fetches the pages only of projects that were never held', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run({ policy: policyFrom('projects = ["sample-base==1.0"]') });
  await mirror.run({ policy: policyFrom('projects = ["sample-base", "sample-pure"]') });
  t.same(
    fetched(mirror).filter((path) => path.startsWith('/simple/')),
    ['/simple/sample-pure/'],
  );
  t.equal(fetched(mirror).filter((path) => path.startsWith('/packages/') && !path.endsWith('.metadata')).length, 4 + 1);
  t.same(unsound(mirror), []);
});

t.test('changes of an excluded project are ignored, and those of a held one are planned at once', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const policy = policyFrom('projects = ["sample-base", "sample-p*"]\n[releases]\nkeep = 1\nprereleases = false');
  await mirror.run({ policy });
  mirror.index.publish(makeWheel({ name: 'sample-app', version: '1.1' }));
  mirror.index.publish(makeWheel({ name: 'unknown', version: '1.1' }));
  await mirror.run({ policy });
  t.same(mirror.requested(), ['changelog_since_serial']);
  mirror.index.publish(makeWheel({ name: 'sample-base', version: '1.11' }));
  mirror.index.publish(makeWheel({ name: 'sample-base', version: '2.0a1' }));
  mirror.index.publish(makeWheel({ name: 'sample-plane', version: '1.0' }));
  await mirror.run({ policy });
  t.same(mirror.filenames('sample-base'), ['sample_base-1.11-py3-none-any.whl']);
  t.same(mirror.page('sample-base').versions, ['1.11']);
  t.ok(namesOf(mirror).includes('sample-plane'), 'a new project that a pattern matches');
  t.same(
    mirror
      .requested()
      .filter((path) => path.startsWith('/packages/'))
      .map((path) => path.split('/').at(-1))
      .sort(),
    [
      'sample_base-1.11-py3-none-any.whl',
      'sample_base-1.11-py3-none-any.whl.metadata',
      'sample_plane-1.0-py3-none-any.whl',
      'sample_plane-1.0-py3-none-any.whl.metadata',
    ],
    'and nothing of the pre-release',
  );
  t.same(unsound(mirror), []);
});

t.test('a release that is yanked leaves where those are not held, and comes back', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const policy = policyFrom('projects = ["sample-base"]\n[releases]\nyanked = false');
  await mirror.run({ policy });
  mirror.index.yank('sample-base', '1.10', 'broken');
  await mirror.run({ policy });
  t.same(mirror.page('sample-base').versions, ['1.0', '1.9']);
  t.same(unsound(mirror), []);
  mirror.index.unyank('sample-base', '1.10');
  await mirror.run({ policy });
  t.same(mirror.page('sample-base').versions, ['1.0', '1.9', '1.10']);
  t.same(unsound(mirror), []);
});

t.test('releases come and go by age alone', async (t) => {
  const index = new SampleIndex();
  const mirror = await openTestMirror(t, { index });
  const start = mirror.clock.now();
  for (const [version, days] of [
    ['1.0', 40],
    ['2.0', 12],
    ['3.0', 1],
  ] as const) {
    index.publish(makeWheel({ name: 'alpha', version }), { uploadTime: new Date(start - days * dayMs) });
  }
  const policy = policyFrom('[releases]\nmin-age = "10d"\nmax-age = "45d"');
  await mirror.run({ policy });
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  mirror.clock.advance(4 * dayMs);
  await mirror.run({ policy });
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(mirror.eventsOf('project-started'), []);
  mirror.clock.advance(2 * dayMs);
  await mirror.run({ policy });
  t.same(mirror.page('alpha').versions, ['2.0']);
  t.same(
    fetched(mirror).filter((path) => path !== '/simple/'),
    [],
    'what leaves asks for nothing',
  );
  mirror.clock.advance(4 * dayMs);
  await mirror.run({ policy });
  t.same(mirror.page('alpha').versions, ['2.0', '3.0']);
  t.notOk(fetched(mirror).includes('/simple/alpha/'));
  mirror.clock.advance(400 * dayMs);
  await mirror.run({ policy });
  t.same([mirror.page('alpha').versions, mirror.filenames('alpha')], [[], []]);
  t.same(unsound(mirror), []);
});

t.test('a project that is quarantined, or removed, upstream leaves a partial mirror as any other', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const policy = policyFrom('projects = ["sample-base", "sample-pure", "sample-yanked"]\n[releases]\nkeep = 2');
  await mirror.run({ policy });
  const yanked = mirror.filenames('sample-yanked');
  mirror.index.quarantine('sample-yanked');
  mirror.index.removeProject('sample-pure');
  await mirror.run({ policy });
  t.same(namesOf(mirror), ['sample-base', 'sample-yanked']);
  t.same(mirror.filenames('sample-yanked'), []);
  t.same(unsound(mirror), []);
  await mirror.runLater({ policy });
  t.notOk(fetched(mirror).includes('/simple/sample-pure/'), 'what upstream does not have is not asked for again');
  mirror.index.clearQuarantine('sample-yanked');
  mirror.index.publish(makeWheel({ name: 'sample-pure', version: '0.4' }));
  await mirror.run({ policy });
  t.same(mirror.filenames('sample-yanked'), yanked);
  t.same(mirror.page('sample-pure').versions, ['0.4'], 'it came again');
  t.same(unsound(mirror), []);
});

t.test('pages lead before files go: a client never meets a link to nothing', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run();
  const lost: string[] = [];
  const report = (event: { type: string; path?: string }): void => {
    if (event.type !== 'file-removed') return;
    const filename = event.path?.split('/').at(-1);
    if (mirror.filenames('sample-base').includes(filename ?? '')) lost.push(filename ?? '');
  };
  await mirror.run({ policy: policyFrom('projects = ["sample-base"]\n[releases]\nkeep = 1'), report });
  t.same(lost, []);
  t.equal(mirror.eventsOf('file-removed').filter(({ path }) => path.includes('sample_base')).length, 4);
});

t.test('--project syncs one project of a partial mirror, and the others stay as they are', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const policy = policyFrom('projects = ["sample-app", "sample-pure"]\ndependencies = true');
  await mirror.run({ policy });
  const before = contentOf(mirror.web);
  for (const only of ['sample-base', 'sample-app', 'sample-large']) {
    await mirror.run({ policy, settings: { projects: named(only) } });
    t.same(contentOf(mirror.web), before, only);
    t.same(unsound(mirror), []);
  }
  mirror.index.publish(makeWheel({ name: 'sample-pure', version: '0.4' }));
  await mirror.run({ policy, settings: { projects: named('sample-pure') } });
  t.same(mirror.page('sample-pure').versions, ['0.3', '0.4']);
  t.same(unsound(mirror), []);
  await mirror.run({ policy });
  t.same(unsound(mirror), []);
});

t.test('with index-only the policy decides what pages link to', async (t) => {
  const open = await openMirrorsOf(t, sampleIndex());
  const [mirror, fresh] = [open('mirror'), open('fresh')];
  const settings = { indexOnly: true };
  await mirror.run({ settings });
  const toml = 'projects = ["sample-base", "sample-yanked"]\n[releases]\nkeep = 1\nyanked = false';
  await mirror.run({ settings, policy: policyFrom(toml) });
  t.same(mirror.requested(), ['changelog_since_serial']);
  t.same(mirror.page('sample-base').versions, ['1.10']);
  for (const { url } of mirror.page('sample-base').files) t.ok(url.startsWith(mirror.server.url));
  await fresh.run({ settings, policy: policyFrom(toml) });
  t.same(contentOf(mirror.web), contentOf(fresh.web));
  t.same(mirror.problems(), []);
  await mirror.run({ policy: policyFrom(toml) });
  t.same(unsound(mirror), [], 'and with files after all');
  t.equal(mirror.page('sample-base').files[0]?.url.startsWith('../../'), true);
});

t.test('rules that name no project one by one need the list once, and once more when they change', async (t) => {
  const listed = (mirror: TestMirror): number => mirror.requested().filter((path) => path === '/simple/').length;
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  const glob = policyFrom('projects = ["sample-p*"]');
  await mirror.run({ policy: glob });
  t.equal(listed(mirror), 1);
  await mirror.run({ policy: glob });
  t.equal(listed(mirror), 0);
  await mirror.run({ policy: policyFrom('projects = ["sample-p*", "sample-b*"]') });
  t.equal(listed(mirror), 1);
  t.ok(namesOf(mirror).includes('sample-base'));
  await mirror.run({ policy: policyFrom('projects = ["sample-p*", "sample-b*"]\n[releases]\nkeep = 1') });
  t.equal(listed(mirror), 0, 'what is wanted of each is another matter');
  const without = policyFrom('[[rule]]\nprojects = ["sample-p*", "*-large"]\nhold = "none"');
  await mirror.run({ policy: without });
  t.equal(listed(mirror), 1);
  t.notOk(namesOf(mirror).some((name) => /sample-p|large/.test(name)));
  await mirror.run({ policy: without });
  t.same(mirror.requested(), ['changelog_since_serial']);
  await mirror.run();
  t.equal(listed(mirror), 1, 'everything again');
  t.same(unsound(mirror), []);
});

t.test('a run under new rules that is stopped anywhere is continued by the next', async (t) => {
  const index = sampleIndex();
  const open = await openMirrorsOf(t, index);
  const narrow = policyFrom(
    'projects = ["sample-app", "sample-extras[all]", "sample-platform"]\ndependencies = true\n[releases]\nkeep = 1',
  );
  const fresh = open('fresh');
  await fresh.run({ policy: narrow });
  const expected = contentOf(fresh.web);
  for (const at of [1, 3, 6, 10, 14]) {
    const mirror = await open.full(`stopped-${at}`);
    const stop = new AbortController();
    let seen = 0;
    const report = (event: { type: string }): void => {
      if (event.type !== 'project-planned' && event.type !== 'project-done') return;
      seen += 1;
      if (seen === at) stop.abort();
    };
    await t.rejects(
      mirror.run({ policy: narrow, signal: stop.signal, report, workers: 1 }),
      { code: 'paused' },
      `at ${at}`,
    );
    t.notSame(contentOf(mirror.web), expected);
    await mirror.run({ policy: narrow });
    t.same(unsound(mirror), []);
    t.same(contentOf(mirror.web), expected, `stopped at ${at}`);
    t.same(plansOf(mirror), plansOf(fresh));
  }
});

t.test('the requirements of a release with only an sdist are followed as far as they are known', async (t) => {
  const index = new SampleIndex();
  index.publish(makeSdist({ name: 'alpha', version: '1.0', requires: ['beta'] }));
  index.publish(makeWheel({ name: 'beta', version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run({ policy: policyFrom('projects = ["alpha"]\ndependencies = true') });
  t.same(namesOf(mirror), ['alpha', 'beta']);
  t.same(unsound(mirror), []);
});

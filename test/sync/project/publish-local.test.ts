import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { sha256Hex } from '../../../src/core/hash.ts';
import { ask } from '../../cli/inspect/opened-reader.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { smallIndex } from '../../fixtures/small-index.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { type Distribution, makeSdist, makeWheel } from '../../sample/distributions.ts';

/** Puts a file of one's own below `packages/`, as an administrator would. */
const alarms = (mirror: TestMirror): string[] => mirror.eventsOf('alarm').map(({ message }) => message);

function put({ web }: TestMirror, folder: string, { filename, content }: Distribution): string {
  mkdirSync(join(web, 'packages', folder), { recursive: true });
  const path = join(web, 'packages', folder, filename);
  writeFileSync(path, content);
  return path;
}

const policy = policyFrom('[[rule]]\nprojects = ["acme-core", "acme-x*"]\nhold = "local"');
const wheel = makeWheel({ name: 'acme-core', version: '1.0', requiresPython: '>=3.9', requires: ['alpha'] });
const sdist = makeSdist({ name: 'acme-core', version: '1.0' });

async function open(t: Parameters<typeof openTestMirror>[0]): Promise<TestMirror> {
  const index = smallIndex();
  index.publish(makeWheel({ name: 'acme-core', version: '9.0' }));
  index.publish(makeWheel({ name: 'acme-xyz', version: '9.0' }));
  return openTestMirror(t, { index });
}

t.test('local files below packages/ get a page, and upstream is not asked for their project', async (t) => {
  const mirror = await open(t);
  put(mirror, 'local/acme', wheel);
  put(mirror, '', sdist);
  await mirror.run({ policy });
  const { files, versions } = mirror.page('acme-core');
  t.same(versions, ['1.0']);
  t.match(
    files.map(({ filename, url }) => [filename, url]).sort(),
    [
      [wheel.filename, `../../packages/local/acme/${wheel.filename}`],
      [sdist.filename, `../../packages/${sdist.filename}`],
    ].sort(),
  );
  const entry = files.find(({ filename }) => filename === wheel.filename);
  t.match(entry, {
    size: wheel.content.length,
    'requires-python': '>=3.9',
    hashes: { sha256: sha256Hex(wheel.content) },
  });
  const metadata = readFileSync(join(mirror.web, 'packages/local/acme', `${wheel.filename}.metadata`));
  t.same(entry?.['core-metadata'], { sha256: sha256Hex(metadata) });
  t.match(metadata.toString(), /^Requires-Dist: alpha/m);
  t.match(mirror.text('simple/acme-core/index.html'), 'data-requires-python="&gt;=3.9"');
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['acme-core', 'alpha', 'beta', 'gamma'],
    'and no acme-xyz',
  );
  t.notOk(mirror.requested().some((path) => path.includes('acme')));
  t.equal(mirror.remembered((state) => state.totals()).files, 4, 'it is not among what is held');

  await mirror.runLater({ policy });
  t.same(
    mirror.eventsOf('project-done').map(({ name, outcome }) => [name, outcome]),
    [['acme-core', 'unchanged']],
  );
});

t.test('local files that are added, changed or deleted show with the next run', async (t) => {
  const mirror = await open(t);
  const path = put(mirror, 'local', wheel);
  await mirror.run({ policy });
  const other = makeWheel({ name: 'acme-core', version: '1.1' });
  put(mirror, 'local', other);
  put(mirror, 'deeply/within', makeSdist({ name: 'acme-xyz', version: '2.0' }));
  await mirror.runLater({ policy });
  t.same(mirror.filenames('acme-core'), [wheel.filename, other.filename]);
  t.same(mirror.page('acme-xyz').versions, ['2.0'], 'found by its name alone');
  const rebuilt = makeWheel({ name: 'acme-core', version: '1.0', files: { 'acme_core/new.py': '' } });
  writeFileSync(path, rebuilt.content);
  utimesSync(path, new Date(), new Date(Date.now() + 5000));
  await mirror.runLater({ policy });
  t.match(mirror.text('simple/acme-core/index.v1_json'), sha256Hex(rebuilt.content));
  rmSync(path);
  await mirror.runLater({ policy });
  t.same(mirror.filenames('acme-core'), [other.filename]);
  rmSync(join(mirror.web, 'packages/local'), { recursive: true });
  await mirror.runLater({ policy });
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['acme-xyz', 'alpha', 'beta', 'gamma'],
  );
  t.notOk(readdirSync(join(mirror.web, 'simple')).includes('acme-core'));
});

t.test('a list, a sweep and a removal by upstream leave a local project alone', async (t) => {
  const mirror = await open(t);
  put(mirror, 'local', wheel);
  await mirror.run({ policy });
  mirror.index.removeProject('acme-core');
  for (const days of [1, 31, 40]) {
    mirror.clock.advance(days * 86_400_000);
    await mirror.run({ policy });
    t.same(mirror.filenames('acme-core'), [wheel.filename]);
  }
  await mirror.runLater({ policy, settings: { reconcile: true } });
  t.same(mirror.filenames('acme-core'), [wheel.filename]);
  t.notOk(mirror.requested().some((path) => path.includes('acme')));
});

t.test(
  'local files replace those from upstream, and a project that is no longer local is requested there again',
  async (t) => {
    const mirror = await open(t);
    await mirror.run();
    t.same(mirror.page('acme-core').versions, ['9.0']);
    put(mirror, 'local', wheel);
    await mirror.runLater({ policy });
    t.same(mirror.page('acme-core').versions, ['1.0']);
    t.match(mirror.warnings(), [
      /^acme-core: comes from below packages\/ now; what was held from .* is replaced$/,
      /^acme-xyz: /,
    ]);
    t.notOk(mirror.page().projects.some(({ name }) => name === 'acme-xyz'));
    t.same(
      mirror.problems().filter((problem) => !problem.startsWith('packages/local/')),
      [],
    );
    await mirror.runLater();
    t.same(mirror.page('acme-core').versions, ['9.0']);
    t.ok(
      readdirSync(join(mirror.web, 'packages/local')).includes(wheel.filename),
      'and the file stays where it was put',
    );
  },
);

t.test('links and unreadable distributions are left out', async (t) => {
  const mirror = await open(t);
  const path = put(mirror, 'local', wheel);
  symlinkSync(path, join(mirror.web, 'packages/local', sdist.filename));
  put(mirror, 'local', { ...makeWheel({ name: 'acme-core', version: '3.0' }), content: Buffer.from('no zip') });
  await mirror.run({ policy });
  t.same(mirror.filenames('acme-core'), [wheel.filename], 'no link, and nothing that is not whole');
  const broken = 'packages/local/acme_core-3.0-py3-none-any.whl';
  t.match(mirror.warnings(), [
    new RegExp(`^acme-core: ${broken}: expected a whole distribution, .*; it is left out; `),
  ]);
});

t.test(
  'of local files with the same name the page keeps the one that it had, and the others are reported',
  async (t) => {
    const mirror = await open(t);
    put(mirror, 'one', wheel);
    await mirror.run({ policy });
    const other = makeWheel({ name: 'acme-core', version: '1.0', files: { 'acme_core/new.py': '' } });
    put(mirror, 'another', other);
    await mirror.runLater({ policy });
    t.match(mirror.page('acme-core').files, [{ hashes: { sha256: sha256Hex(wheel.content) } }]);
    const [there, shown] = [`packages/another/${wheel.filename}`, `packages/one/${wheel.filename}`];
    t.same(mirror.warnings(), [
      `acme-core: ${there}: the page has ${shown}, which has the same name; take one of them away`,
    ]);
    rmSync(join(mirror.web, 'packages/one'), { recursive: true });
    await mirror.runLater({ policy });
    t.match(mirror.page('acme-core').files, [{ hashes: { sha256: sha256Hex(other.content) } }]);
    t.same(mirror.warnings(), []);
  },
);

t.test('--why lists local files', async (t) => {
  const mirror = await open(t);
  put(mirror, 'local', wheel);
  await mirror.run({ policy });
  const { files, text } = await ask(mirror, policy, 'acme-core');
  t.match(files, [/^held . acme_core-1\.0/]);
  t.match(text.join('\n'), /policy +held as it lies here/);
});

t.test('the requirements of local files are held', async (t) => {
  const mirror = await open(t);
  put(mirror, 'local', wheel);
  const only = policyFrom(
    'otherwise = "none"\ndependencies = true\n[[rule]]\nprojects = ["acme-core"]\nhold = "local"',
  );
  await mirror.run({ policy: only });
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['acme-core', 'alpha'],
  );
});

t.test('a local project without a file is looked for once in a run, and reported if a rule names it', async (t) => {
  const mirror = await open(t);
  mirror.index.publish(makeWheel({ name: 'delta', version: '1.0', requires: ['acme-core', 'acme-xyz'] }));
  const only = policyFrom(
    'projects = ["delta"]\ndependencies = true\n[[rule]]\nprojects = ["acme-core", "acme-x*"]\nhold = "local"',
  );
  const names = (): string[] => mirror.page().projects.map(({ name }) => name);
  await mirror.run({ policy: only });
  const missing = 'mirror.toml:4: acme-core: no file of it lies below packages/';
  t.same([names(), alarms(mirror)], [['delta'], [missing]]);
  const path = put(mirror, 'local', makeWheel({ name: 'acme-core', version: '1.0' }));
  await mirror.runLater({ policy: only });
  t.same([names(), mirror.warnings()], [['acme-core', 'delta'], []]);
  rmSync(path);
  await mirror.runLater({ policy: only });
  t.same([names(), alarms(mirror)], [['delta'], [missing]]);
  t.notOk(mirror.requested().some((path) => path.includes('acme')));
});

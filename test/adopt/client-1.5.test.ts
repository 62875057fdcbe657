/** Mirrors of pep381client 1.5 that are not as it should have left them, or that upstream has moved on from. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { StorageError } from '../../src/core/errors.ts';
import type { FileStore } from '../../src/files/file-store.ts';
import { untouchedTree } from '../e2e/tree.ts';
import { changeOf, mirrorState } from '../fixtures/mirror-state.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { named } from '../fixtures/test-mirror.ts';
import { makeSdist } from '../sample/distributions.ts';
import { type OldMirror, openOldMirror, openUpstream } from './old-mirror.ts';

const skip = recordingsMissing;
const archive = 'target-1.5-complete';
const upstream = skip === false ? await openUpstream(t, archive) : undefined;
const open = (t: Test): Promise<OldMirror> => openOldMirror(t, archive, upstream);

/** Where a file of the layout of 2011 lies. */
function place({ web }: OldMirror, filename: string): string {
  const project = filename.slice(0, filename.lastIndexOf('-'));
  return join(web, 'packages/source', filename.slice(0, 1), project, filename);
}

function editPage({ web }: OldMirror, folder: string, change: (html: string) => string): void {
  const page = join(web, 'simple', folder, 'index.html');
  writeFileSync(page, change(readFileSync(page, 'utf8')));
}

t.test('the folders of 2011 get the names of today, and the names stay as they were spelt', { skip }, async (t) => {
  const mirror = await open(t);
  await mirror.takeOver();
  for (const [old, name] of [
    ['Foo.Bar.Baz', 'foo-bar-baz'],
    ['foo_bar', 'foo-bar'],
    ['PyYAML', 'pyyaml'],
  ] as const) {
    t.notOk(existsSync(join(mirror.web, 'simple', old)), old);
    t.ok(existsSync(join(mirror.web, 'simple', name, 'index.html')), name);
  }
  const names = mirror.page().projects.map(({ name }) => name);
  for (const name of ['Foo.Bar.Baz', 'foo_bar', 'PyYAML', 'zc.buildout']) t.ok(names.includes(name), name);
  t.equal(names.length, 12);
});

t.test('two spellings of one project are merged, each with files of its own', { skip }, async (t) => {
  const mirror = await open(t);
  const old = join(mirror.web, 'simple');
  cpSync(join(old, 'Foo.Bar.Baz'), join(old, 'foo-bar-baz'), { recursive: true });
  cpSync(join(old, 'Foo.Bar.Baz'), join(old, 'FOO_BAR_BAZ'), { recursive: true });
  const lines = (folder: string, wanted: string): void =>
    editPage(mirror, folder, (html) =>
      html.replace(/<a href="[^"]*packages[^"]*"[^\n]*\n/g, (line) => (line.includes(wanted) ? line : '')),
    );
  lines('Foo.Bar.Baz', '0.1');
  lines('FOO_BAR_BAZ', '0.2a1');
  lines('foo-bar-baz', 'none');
  await mirror.takeOver();
  t.same(mirror.filenames('foo-bar-baz').sort(), ['Foo.Bar.Baz-0.1.tar.gz', 'Foo.Bar.Baz-0.2a1.tar.gz']);
  for (const spelling of ['Foo.Bar.Baz', 'FOO_BAR_BAZ']) t.notOk(existsSync(join(old, spelling)), spelling);
  await mirror.run();
  t.same(mirror.downloads(), []);
  t.same(mirror.problems(), []);
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('files move to the paths of today without being read twice from upstream', { skip }, async (t) => {
  const mirror = await open(t);
  const { path, content } = fileOf(mirror, 'Twisted', 'Twisted-10.2.0.tar.gz');
  await mirror.takeOver();
  t.match(mirror.page('twisted').files[0]?.url, '../../packages/source/T/Twisted/Twisted-10.2.0.tar.gz');
  await mirror.run();
  t.same(mirror.downloads(), []);
  t.ok(readFileSync(join(mirror.web, path)).equals(content));
  t.notOk(existsSync(join(mirror.web, 'packages/source')), 'nothing is left of the old layout');
  t.same(
    mirror.eventsOf('file-removed').map(({ path }) => path.split('/')[1]),
    Array.from({ length: 14 }, () => 'source'),
  );
});

t.test('a file that is not what its page says is not held, told, and fetched', { skip }, async (t) => {
  const mirror = await open(t);
  const [short, other] = [place(mirror, 'Twisted-10.2.0.tar.gz'), place(mirror, 'nose-1.0.0.tar.gz')];
  writeFileSync(short, readFileSync(short).subarray(1));
  writeFileSync(other, readFileSync(other).fill(0x20, 4, 8));
  t.teardown(() => mirror.server.faults.clear());
  mirror.server.faults.add({ do: 'reset' });
  await t.rejects(mirror.run(), { name: 'UnreachableError' });
  t.match(mirror.warnings().sort(), [
    /^packages\/source\/T\/Twisted\/Twisted-10\.2\.0\.tar\.gz: md5: expected \w{32}, found \w{32}; it will be fetched/,
    /^packages\/source\/n\/nose\/nose-1\.0\.0\.tar\.gz: md5: expected \w{32}, found \w{32}; it will be fetched again$/,
  ]);
  t.match(mirror.adoptions()[1], /^Took over 12 projects with 12 files \(\S+ KiB\); 2 files missing or damaged$/);
  t.same(mirror.filenames('twisted'), ['Twisted-11.0.0.tar.gz'], 'no page links to it meanwhile');
  t.same(mirror.filenames('nose'), []);
  mirror.server.faults.clear();
  await mirror.run();
  const wanted = [
    fileOf(mirror, 'Twisted', 'Twisted-10.2.0.tar.gz').path,
    fileOf(mirror, 'nose', 'nose-1.0.0.tar.gz').path,
  ];
  t.same(mirror.downloads().sort(), wanted.sort());
  const fresh = await mirror.freshTree();
  const { extra, rest } = split(mirror.published(), fresh);
  t.same(rest, fresh);
  const left = Object.keys(extra).filter((path) => path.endsWith('.gz'));
  t.same(
    left,
    [other, short].map((path) => path.slice(mirror.web.length + 1)).sort(),
    'the damaged ones stay where they were',
  );
});

t.test('a link without a hash counts until upstream tells the hash', { skip }, async (t) => {
  const mirror = await open(t);
  for (const name of ['nose', 'docutils']) editPage(mirror, name, (html) => html.replace(/#md5=\w+/, ''));
  const damaged = place(mirror, 'docutils-0.7.tar.gz');
  writeFileSync(damaged, readFileSync(damaged).fill(0x20, 4, 8));
  await mirror.takeOver();
  t.same(mirror.filenames('nose'), ['nose-1.0.0.tar.gz']);
  t.same(mirror.warnings(), []);
  const result = await mirror.run();
  t.equal(result.parked.size, 0);
  t.same(
    mirror.downloads(),
    [fileOf(mirror, 'docutils', 'docutils-0.7.tar.gz').path],
    'only the damaged one is fetched',
  );
  t.same(mirror.problems(), []);
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('a file that is not there is fetched', { skip }, async (t) => {
  const mirror = await open(t);
  rmSync(place(mirror, 'Twisted-11.0.0.tar.gz'));
  await mirror.takeOver();
  t.same(mirror.warnings(), [], 'an interrupted run leaves such pages');
  t.match(mirror.adoptions()[1], /; 1 file missing or damaged$/);
  t.same(mirror.filenames('twisted'), ['Twisted-10.2.0.tar.gz']);
  await mirror.run();
  t.same(mirror.downloads(), [fileOf(mirror, 'Twisted', 'Twisted-11.0.0.tar.gz').path]);
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('what upstream has removed since is removed, projects and files', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive);
  mirror.index.removeProject('Zope.Interface');
  mirror.index.removeFile('Twisted', 'Twisted-10.2.0.tar.gz');
  mirror.index.publish(makeSdist({ name: 'brand-new', version: '1.0' }));
  await mirror.run();
  t.notOk(existsSync(join(mirror.web, 'simple/zope-interface')));
  t.notOk(existsSync(join(mirror.web, 'packages/source')));
  t.same(mirror.filenames('twisted'), ['Twisted-11.0.0.tar.gz']);
  t.equal(mirror.downloads().length, 1);
  t.same(mirror.problems(), []);
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('pages that are garbage stop nobody', { skip }, async (t) => {
  const mirror = await open(t);
  editPage(mirror, 'nose', () => '\0\xff<a href="../../packages/source/n/nose/nose-1.0.0.tar.gz#md5=');
  editPage(mirror, 'docutils', () => '');
  editPage(
    mirror,
    'PyYAML',
    () => '<a href="../../../../../etc/passwd#md5=0"></a><a href="http://[/"></a><a href="//%zz/packages/">',
  );
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  writeFileSync(
    join(mirror.web, 'simple/Sphinx/index.v1_json'),
    `{"meta":{"api-version":"1.0"},"name":"sphinx","files":[],"deep":${deep}}`,
  );
  rmSync(join(mirror.web, 'simple/setuptools/index.html'));
  mkdirSync(join(mirror.web, 'simple/no name'));
  await mirror.takeOver();
  t.same(mirror.filenames('nose'), []);
  t.same(mirror.filenames('pyyaml'), []);
  t.same(mirror.filenames('sphinx'), ['Sphinx-1.0.7.tar.gz'], 'where the JSON is of no use there is HTML');
  rmSync(join(mirror.web, 'simple/no name'), { recursive: true });
  const result = await mirror.run();
  t.equal(result.parked.size, 0);
  const fresh = await mirror.freshTree();
  t.same(split(mirror.published(), fresh).rest, fresh);
});

t.test('the database of hashes does not matter', { skip }, async (t) => {
  const mirror = await open(t);
  writeFileSync(join(mirror.target, 'files'), 'SQLite format 3\0 but not really');
  await mirror.run();
  t.same(mirror.downloads(), []);
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('a status that cannot be read is refused, and nothing is changed', { skip }, async (t) => {
  const whole = await open(t);
  const status = readFileSync(join(whole.target, 'status'));
  const hostile = Buffer.from('\x80\x02cposix\nsystem\nq\x00U\x0btouch pwnedq\x01\x85q\x02Rq\x03.', 'latin1');
  for (const [name, bytes] of Object.entries({
    hostile,
    truncated: status.subarray(0, 200),
    'two bytes': status.subarray(0, 2),
  })) {
    const mirror = whole.copy(name);
    writeFileSync(join(mirror.target, 'status'), bytes);
    const before = untouchedTree(mirror.target);
    const error = await mirror.run().then(
      () => undefined,
      (error: Error) => error,
    );
    t.equal(error?.name, 'DamagedFileError', name);
    t.notMatch(error?.message, '\n');
    t.same(untouchedTree(mirror.target), before);
  }
});

t.test('a status without a byte, as a full disk leaves it, costs nothing but its file', { skip }, async (t) => {
  const mirror = await open(t);
  writeFileSync(join(mirror.target, 'status'), '');
  await mirror.run();
  t.match(mirror.adoptions()[0], /^an unknown program/);
  t.same(mirror.downloads(), []);
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('a mirror without any project is taken over, too', { skip }, async (t) => {
  const mirror = await open(t);
  rmSync(join(mirror.web, 'simple'), { recursive: true });
  mkdirSync(join(mirror.web, 'simple'));
  await mirror.takeOver();
  t.match(mirror.adoptions()[1], 'Took over 0 projects with 0 files (0 B)');
  t.ok(existsSync(join(mirror.target, 'old-state/web/serversig')));
  await mirror.run();
  t.same(mirror.adoptions(), []);
  t.notOk(existsSync(join(mirror.target, 'old-state')));
});

t.test(
  'a run that was killed when nothing but its last note was left to be made ends what it began',
  { skip },
  async (t) => {
    for (const projects of ['some', 'none']) {
      const whole = await open(t);
      if (projects === 'none') rmSync(join(whole.web, 'simple'), { recursive: true });
      await whole.takeOver();
      whole.remembered((state) => state.set(changeOf({ adopting: whole.adoptions()[0], adopted: undefined })));
      await whole.run();
      t.same(
        whole.remembered((state) => mirrorState(state).adopting),
        undefined,
        projects,
      );
      t.notOk(existsSync(join(whole.target, 'old-state')));
      t.ok(existsSync(join(whole.target, 'trash/2026-11-22/old-state/status')));
    }
  },
);

t.test('the settings of a run count: a choice of projects, no files', { skip }, async (t) => {
  const mirror = await open(t);
  const some = mirror.copy('some');
  await some.run({ settings: { projects: named('nose', 'foo-bar') } });
  t.same(some.downloads(), []);
  t.same(
    some
      .requested()
      .filter((path) => path.startsWith('/simple/'))
      .sort(),
    ['/simple/foo-bar/', '/simple/nose/'],
  );
  t.equal(some.page().projects.length, 12, 'what was there stays');

  const index = mirror.copy('index-only');
  await index.run({ settings: { indexOnly: true } });
  t.same(index.downloads(), []);
  t.match(index.page('nose').files[0]?.url, /^http:\/\/127\.0\.0\.1:\d+\/packages\//);
});

function fileOf({ index }: OldMirror, project: string, filename: string): { path: string; content: Buffer } {
  const file = index.find(project)?.files.get(filename);
  if (file === undefined) throw new Error(`there is no ${filename}`);
  return file;
}

/** What `tree` has more than `wanted`, and the rest. */
function split(
  tree: Record<string, string>,
  wanted: Record<string, string>,
): Record<'extra' | 'rest', Record<string, string>> {
  const entries = Object.entries(tree);
  return {
    extra: Object.fromEntries(entries.filter(([path]) => !(path in wanted))),
    rest: Object.fromEntries(entries.filter(([path]) => path in wanted)),
  };
}

t.test('a page that cannot be read ends the taking over, and its project is not passed over', { skip }, async (t) => {
  const mirror = await open(t);
  const refused = new StorageError('simple/Foo.Bar.Baz/index.html: EACCES');
  const unreadable = (store: FileStore): FileStore =>
    new Proxy(store, {
      get(files, name: keyof FileStore) {
        const value: unknown = files[name];
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'read' && args[0] === 'simple/Foo.Bar.Baz/index.html') throw refused;
          return Reflect.apply(value, files, args);
        };
      },
    });
  await t.rejects(mirror.takeOver({ files: unreadable }), refused);
  await mirror.run();
  t.same(mirror.published(), await mirror.freshTree());
});

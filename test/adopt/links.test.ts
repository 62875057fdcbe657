/** Links that somebody planted in an old tree: nothing outside of the target is read into it, or touched. */
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { untouchedTree } from '../e2e/tree.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { type OldMirror, openOldMirror, openUpstream } from './old-mirror.ts';

const skip = recordingsMissing;
const archive = 'few-bandersnatch-8';
const upstream = skip === false ? await openUpstream(t, archive) : undefined;

/** Puts a link in the place of what lies at `path`. */
function plant(path: string, to: string): void {
  rmSync(path, { recursive: true, force: true });
  symlinkSync(to, path);
}

/** A folder beside the target, with a file of these bytes. */
function outside({ target }: OldMirror, name: string, body: string | Buffer): string {
  const path = join(target, '..', 'outside', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, body);
  return path;
}

/** Every link that is left below `web/`. */
function linksIn({ web }: OldMirror): string[] {
  return Object.keys(untouchedTree(web)).filter((path) => lstatSync(join(web, path)).isSymbolicLink());
}

t.test('a file that is a link is fetched, even if it leads to the right bytes', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  const [right, wrong, dangling] = [...(mirror.index.find('mcunix')?.files.values() ?? [])];
  t.ok(right && wrong && dangling);
  const paths = [right, wrong, dangling].map((file) => file?.path ?? '');
  const [one = '', two = '', three = ''] = paths.map((path) => join(mirror.web, path));
  plant(one, outside(mirror, 'right', right?.content ?? ''));
  plant(two, '/etc/passwd');
  plant(three, join(mirror.target, 'nowhere'));
  const before = untouchedTree(join(mirror.target, '../outside'));
  await mirror.takeOver();
  t.match(
    mirror.warnings().sort(),
    paths.sort().map((path) => `${path.slice(1)}: not a regular file; it will be fetched`),
  );
  t.equal(mirror.filenames('mcunix').length, 10, 'no page links to them');
  await mirror.run();
  t.same(mirror.downloads().sort(), paths.sort());
  t.same(linksIn(mirror), []);
  t.same(mirror.published(), await mirror.freshTree());
  t.same(untouchedTree(join(mirror.target, '../outside')), before);
});

t.test('a page that is a link is replaced', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  const passwd = readFileSync('/etc/passwd');
  for (const page of ['index.html', 'index.v1_json', 'index.v1_html']) {
    plant(join(mirror.web, 'simple/mcunix', page), '/etc/passwd');
    plant(join(mirror.web, 'simple/chipgr8', page), outside(mirror, page, 'mine'));
  }
  const before = untouchedTree(join(mirror.target, '../outside'));
  await mirror.run();
  t.same(mirror.downloads(), []);
  t.same(linksIn(mirror), []);
  t.same(mirror.published(), await mirror.freshTree());
  t.same(untouchedTree(join(mirror.target, '../outside')), before);
  t.ok(readFileSync('/etc/passwd').equals(passwd));
});

t.test('a project that is a link to another folder is not followed', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  const page = readFileSync(join(mirror.web, 'simple/mcunix/index.html'));
  const folder = dirname(outside(mirror, 'index.html', page));
  plant(join(mirror.web, 'simple/mcunix'), folder);
  plant(join(mirror.web, 'simple/chipgr8'), join(mirror.target, 'nowhere'));
  plant(join(mirror.web, 'simple/Pmls'), folder);
  const before = untouchedTree(folder);
  await mirror.takeOver();
  t.match(
    mirror.warnings().sort(),
    ['Pmls', 'chipgr8', 'mcunix'].map((name) => `simple/${name}: what a link leads to`),
  );
  t.notOk(existsSync(join(mirror.web, 'simple/mcunix')));
  await mirror.run();
  t.same(linksIn(mirror), []);
  t.same(mirror.published(), await mirror.freshTree());
  t.same(untouchedTree(folder), before, 'what it led to is as it was');
});

t.test('a spelling of a project whose other spelling is a link does not write through it', { skip }, async (t) => {
  const mirror = await openOldMirror(t, 'target-1.5-complete');
  const folder = dirname(outside(mirror, 'index.html', 'mine'));
  for (const name of ['foo-bar', 'pyyaml']) plant(join(mirror.web, 'simple', name), folder);
  const before = untouchedTree(folder);
  await mirror.takeOver();
  t.same(untouchedTree(folder), before);
  t.ok(lstatSync(join(mirror.web, 'simple/foo-bar')).isDirectory());
  t.same(mirror.filenames('foo-bar'), ['foo_bar-1.0.tar.gz']);
  await mirror.run();
  t.same(linksIn(mirror), []);
  t.same(mirror.published(), await mirror.freshTree());
  t.same(untouchedTree(folder), before);
});

t.test('the state files may be links, too', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  const status = outside(mirror, 'status', '10000175');
  plant(join(mirror.target, 'status'), status);
  await mirror.run();
  t.equal(readFileSync(status, 'utf8'), '10000175');
  t.same(mirror.published(), await mirror.freshTree());
});

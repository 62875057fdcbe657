/** Mirrors of bandersnatch, as its settings make them differ, and ones that something happened to. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { onlyEvery } from '../fixtures/every-case.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { type OldMirror, openOldMirror, openUpstream, tookFew } from './old-mirror.ts';

const skip = recordingsMissing;
const archive = 'few-bandersnatch-8';
const upstream = skip === false ? await openUpstream(t, archive) : undefined;

/** A project with wheels, sdists and core metadata. */
const project = 'ssm-neo4j';

/** Changes the folder of each project below `simple/`. */
function eachProject({ web }: OldMirror, change: (folder: string, name: string) => void): void {
  for (const entry of readdirSync(join(web, 'simple'), { withFileTypes: true })) {
    if (entry.isDirectory()) change(join(web, 'simple', entry.name), entry.name);
  }
}

/** Changes the text of each page. */
function eachPage(mirror: OldMirror, change: (text: string) => string): void {
  eachProject(mirror, (folder) => {
    for (const name of readdirSync(folder)) {
      const page = join(folder, name);
      writeFileSync(page, change(readFileSync(page, 'utf8')));
    }
  });
}

function removePages(mirror: OldMirror, ...names: readonly string[]): void {
  for (const name of names) {
    rmSync(join(mirror.web, 'simple', name), { force: true });
    eachProject(mirror, (folder) => rmSync(join(folder, name), { force: true }));
  }
}

type Variants = Readonly<Record<string, (mirror: OldMirror) => void>>;

/** What bandersnatch was told, or what happened to it, and how its tree looks then. */
const variants: Variants = {
  'json = false': ({ web }) => {
    for (const folder of ['json', 'pypi']) rmSync(join(web, folder), { recursive: true });
  },
  'an old bandersnatch, which knew only index.html': (mirror) => removePages(mirror, 'index.v1_json', 'index.v1_html'),
  'simple-format = JSON': (mirror) => removePages(mirror, 'index.html', 'index.v1_html'),
  'root_uri, in JSON and HTML': (mirror) => eachPage(mirror, withRootUri),
  'hash-index': hashIndex,
  keep_index_versions: (mirror) => eachProject(mirror, keepVersions),
  'a first run that was interrupted': ({ target, web }) => {
    rmSync(join(target, 'status'));
    rmSync(join(web, 'simple/index.html'));
    rmSync(join(web, 'last-modified'));
    writeFileSync(join(target, 'todo'), '10000175\nmcunix 10000028\n');
  },
  'a tree that was copied without its state': ({ target }) => {
    for (const name of ['status', 'generation', '.lock']) rmSync(join(target, name));
  },
  'names that are not normalized, as before 2015': ({ web }) => {
    for (const [name, spelling] of Object.entries({ [project]: 'SSM_Neo4j', mcunix: 'McUnix' })) {
      renameSync(join(web, 'simple', name), join(web, 'simple', spelling));
    }
  },
};

/** Two of these at a time, or nearly one of them. */
const moreVariants: Variants = {
  'simple-format = HTML': (mirror) => removePages(mirror, 'index.v1_json'),
  'root_uri, in HTML alone': (mirror) => {
    removePages(mirror, 'index.v1_json');
    eachPage(mirror, withRootUri);
  },
  'hash-index with simple-format = HTML': (mirror) => {
    removePages(mirror, 'index.v1_json');
    hashIndex(mirror);
  },
  'hash-index with simple-format = JSON': (mirror) => {
    removePages(mirror, 'index.html', 'index.v1_html');
    hashIndex(mirror);
  },
};

function withRootUri(text: string): string {
  return text.replaceAll('../../packages/', 'https://mirror.example/packages/');
}

function hashIndex({ web }: OldMirror): void {
  const simple = join(web, 'simple');
  const names = readdirSync(simple, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of names) {
    for (const page of readdirSync(join(simple, name))) {
      const path = join(simple, name, page);
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll('../../packages/', '../../../packages/'));
    }
    mkdirSync(join(simple, name.slice(0, 1)), { recursive: true });
    renameSync(join(simple, name), join(simple, name.slice(0, 1), name));
  }
}

function keepVersions(folder: string): void {
  mkdirSync(join(folder, 'versions'));
  for (const page of readdirSync(folder).filter((name) => name !== 'versions')) {
    const [stem = '', suffix = ''] = page.split('.');
    const version = `versions/${stem}_10000175_2026-11-22T160900Z.${suffix}`;
    renameSync(join(folder, page), join(folder, version));
    cpSync(join(folder, version), join(folder, `versions/${stem}_1_2020-01-01T000000Z.${suffix}`));
    symlinkSync(version, join(folder, page));
  }
}

for (const [variant, change] of Object.entries({ ...variants, ...moreVariants })) {
  t.test(variant, variant in variants ? { skip } : onlyEvery({ skip }), async (t) => {
    const mirror = await openOldMirror(t, archive, upstream);
    change(mirror);
    await mirror.takeOver();
    t.equal(mirror.adoptions()[1], tookFew);
    t.same(mirror.warnings(), []);
    t.same(mirror.problems(), [], 'it can be read before upstream is asked');
    t.equal(mirror.page(project).files.length, 8);
    t.equal((await mirror.run()).parked.size, 0);
    t.same(mirror.downloads(), []);
    t.same(mirror.problems(), []);
    t.same(mirror.published(), await mirror.freshTree());
    for (const path of ['web/json', 'web/pypi']) t.notOk(existsSync(join(mirror.target, path)), `${path} is gone`);
  });
}

t.test('core metadata that is right is not fetched either', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  const [right, wrong, missing] = wheels(mirror);
  t.ok(right && wrong && missing);
  writeFileSync(join(mirror.web, `${wrong?.path}.metadata`), 'Metadata-Version: 9.9\n');
  rmSync(join(mirror.web, `${missing?.path}.metadata`));
  await mirror.takeOver();
  t.same(mirror.problems(), [], 'what is not right is not announced');
  await mirror.run();
  t.same(
    mirror
      .requested()
      .filter((path) => path.endsWith('.metadata'))
      .sort(),
    [wrong, missing].map((file) => `${file?.path}.metadata`).sort(),
  );
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('damage that leaves the size as it is, and damage that does not', { skip }, async (t) => {
  for (const pages of [[], ['index.v1_json']]) {
    const mirror = await openOldMirror(t, archive, upstream);
    removePages(mirror, ...pages);
    const [same, short, gone] = wheels(mirror);
    const [one, other] = [same, short].map((file) => join(mirror.web, file?.path ?? ''));
    writeFileSync(one ?? '', readFileSync(one ?? '').fill(0x20, 10, 20));
    writeFileSync(other ?? '', readFileSync(other ?? '').subarray(1));
    rmSync(join(mirror.web, gone?.path ?? ''));
    await mirror.takeOver();
    const bySize = pages.length === 0 ? 'size: expected' : 'sha256: expected';
    t.match(
      mirror.warnings().sort(),
      [short, same].map((file, at) => `${file?.path.slice(1)}: ${at === 0 ? bySize : 'sha256: expected'}`).sort(),
    );
    t.match(mirror.adoptions()[1], /^Took over 6 projects with 24 files \(\d+ KiB\); 3 files missing or damaged$/);
    t.same(without(mirror.problems(), [same, short, gone]), [], 'no page links to it');
    await mirror.run();
    t.same(mirror.downloads().sort(), [same, short, gone].map((file) => file?.path).sort());
    t.same(mirror.problems(), []);
    t.same(mirror.published(), await mirror.freshTree());
  }
});

t.test('where the JSON page was cut, the HTML page tells', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  eachProject(mirror, (folder, name) => {
    const page = join(folder, 'index.v1_json');
    const whole = readFileSync(page);
    if (name < 'm') writeFileSync(page, whole.subarray(0, whole.length / 2));
    if (name === 'mcunix')
      writeFileSync(page, JSON.stringify({ meta: { 'api-version': '1.0' }, name: 'another', files: [] }));
  });
  await mirror.takeOver();
  t.equal(mirror.adoptions()[1], tookFew);
  await mirror.run();
  t.same(mirror.downloads(), []);
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('a link without a hash is not believed where upstream knows the hash of its path', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  removePages(mirror, 'index.v1_json');
  eachPage(mirror, (text) => text.replace(/#sha256=\w{64}/g, ''));
  const [damaged] = wheels(mirror);
  const path = join(mirror.web, damaged?.path ?? '');
  writeFileSync(path, readFileSync(path).fill(0x20, 10, 20));
  const result = await mirror.run();
  t.same([...result.parked], []);
  t.same(mirror.downloads(), [damaged?.path], 'what is right is found in its place');
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('md5 in the layout of today', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  removePages(mirror, 'index.v1_json');
  eachPage(mirror, (text) =>
    text.replace(/(packages\/[^"#]+)#sha256=\w{64}/g, (_, path: string) => {
      const md5 = createHash('md5').update(readFileSync(join(mirror.web, path)));
      return `${path}#md5=${md5.digest('hex')}`;
    }),
  );
  await mirror.takeOver();
  t.equal(mirror.adoptions()[1], tookFew);
  t.same(mirror.problems(), [], 'both forms name the sha256 from now on');
  await mirror.run();
  t.same(mirror.downloads(), []);
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('what bandersnatch was told not to mirror is mirrored from now on', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  removePages(mirror, 'index.html', 'index.v1_html');
  const page = join(mirror.web, 'simple', project, 'index.v1_json');
  const json = JSON.parse(readFileSync(page, 'utf8'));
  writeFileSync(page, JSON.stringify({ ...json, files: json.files.slice(1) }));
  await mirror.takeOver();
  t.equal(mirror.page(project).meta['_last-serial'], undefined, 'the page does not say that it is complete');
  await mirror.run();
  t.equal(mirror.downloads().length, 0, 'the file lies there');
  t.equal(mirror.page(project).files.length, 8);
  t.same(mirror.published(), await mirror.freshTree());
});

/** Wheels that have core metadata. */
function wheels({ index }: OldMirror): { path: string; filename: string }[] {
  return [...(index.find(project)?.files.values() ?? [])].filter(({ metadata }) => metadata !== undefined);
}

/** Damaged files, and the metadata of lost ones, lie about until they are fetched. */
function without(problems: readonly string[], files: readonly ({ path: string } | undefined)[]): string[] {
  return problems.filter((problem) => !files.some((file) => file !== undefined && `/${problem}`.startsWith(file.path)));
}

/** The targets that the real programs have left: each is recognized, kept, and becomes what a new mirror would be. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { stateOf } from '../e2e/tree.ts';
import { treeOf } from '../fixtures/reader-check.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { makeSdist } from '../sample/distributions.ts';
import { type Archive, type OldMirror, openOldMirror, openUpstream } from './old-mirror.ts';

interface Expected {
  readonly from: string;
  readonly summary: string;
  /** What lies in `old-state/` until the first complete run. */
  readonly aside: readonly string[];
}

const targets: Readonly<Record<Archive, Expected>> = {
  'target-1.5-complete': {
    from: 'pep381client 1.5 (completed 2026-11-22T15:53:28.000Z, 12 projects)',
    summary: 'Took over 12 projects with 14 files (3.6 KiB)',
    aside: ['files', 'status', 'web/serversig'],
  },
  'target-1.5-interrupted': {
    from: 'pep381client 1.5 (never completed, 9 projects, 3 still to do)',
    summary: 'Took over 9 projects with 11 files (2.8 KiB)',
    aside: ['files', 'status', 'web/serversig'],
  },
  'target-bandersnatch-8': {
    from: 'bandersnatch (up to serial 10000175)',
    summary: 'Took over 25 projects with 94 files (267 KiB)',
    aside: ['generation', 'status', 'web/json', 'web/pypi'],
  },
  'target-shadowmire-2': {
    from: 'shadowmire (up to serial 10000175)',
    summary: 'Took over 25 projects with 94 files (267 KiB)',
    aside: ['json', 'local.db', 'local.json'],
  },
};

const archives = Object.keys(targets) as Archive[];
const skip = recordingsMissing;

for (const archive of archives) {
  const { from, summary, aside } = targets[archive];
  const upstream = skip === false ? await openUpstream(t, archive) : undefined;
  t.test(`${archive} is taken over, and nothing that is there is fetched`, { skip }, async (t) => {
    const mirror = await openOldMirror(t, archive, upstream);
    const result = await mirror.run();
    t.same(mirror.adoptions(), [from, summary]);
    t.same(mirror.warnings(), []);
    t.equal(result.parked.size, 0);
    t.same(mirror.downloads(), []);
    t.same(mirror.problems(), []);
    t.same(mirror.published(), await mirror.freshTree(), 'it is what a new mirror is');
    t.same(stateOf(mirror.target), await mirror.freshState());
    const trash = join(mirror.target, 'trash/2026-11-22/old-state');
    for (const path of aside) t.ok(existsSync(join(trash, path)), `${path} is in the trash`);
    t.notOk(existsSync(join(mirror.target, 'old-state')));
    nothingOldIsLeft(t, mirror);

    await mirror.runLater();
    t.same(mirror.adoptions(), [], 'a second run takes over nothing');
    t.same(mirror.requested(), ['changelog_since_serial'], 'and compares nothing again');
  });

  t.test(`${archive} can be read while upstream cannot be reached`, { skip }, async (t) => {
    const mirror = await openOldMirror(t, archive, upstream);
    const [before, files] = [statesOf(mirror), contentsOf(mirror)];
    t.teardown(() => mirror.server.faults.clear());
    mirror.server.faults.add({ do: 'reset' });
    await t.rejects(mirror.run(), { name: 'UnreachableError' });
    t.same(mirror.adoptions(), [from, summary]);
    t.same(withoutOldLayout(mirror.problems()), []);
    t.same(contentsOf(mirror), files, 'every file is linked as before');
    for (const path of aside) t.ok(existsSync(join(mirror.target, 'old-state', path)), `${path} is put aside`);
    t.equal(statesOf(mirror, 'old-state'), before, 'as it was');
    nothingOldIsLeft(t, mirror);

    await t.rejects(mirror.run(), { name: 'UnreachableError' });
    t.same(mirror.adoptions(), [], 'a second run takes over nothing');

    mirror.server.faults.clear();
    t.equal((await mirror.runLater()).parked.size, 0);
    t.same(mirror.adoptions(), []);
    t.same(mirror.downloads(), []);
    t.same(mirror.published(), await mirror.freshTree());
    t.notOk(existsSync(join(mirror.target, 'old-state')));
  });
}

t.test('a mirror of 1.5 that was cut goes on where it was cut', { skip }, async (t) => {
  const mirror = await openOldMirror(t, 'target-1.5-interrupted');
  const late = ['setuptools', 'simplejson', 'zc.buildout'].map((name) => makeSdist({ name, version: '1.0' }));
  const paths = late.map((sdist) => mirror.index.publish(sdist).path);
  await mirror.run();
  t.same(mirror.downloads().sort(), paths.sort());
  t.same(mirror.problems(), []);
  t.same(mirror.published(), await mirror.freshTree());
});

function nothingOldIsLeft(t: Test, mirror: OldMirror): void {
  for (const path of ['web/serversig', 'web/json', 'web/pypi', 'web/simple/index.v1_html', 'simple', 'packages']) {
    t.notOk(existsSync(join(mirror.target, path)), `${path} is gone`);
  }
}

/** The old program's own state, as one text. */
function statesOf({ target }: OldMirror, folder = '.'): string {
  const names = ['status', 'files', 'generation', 'local.db', 'local.json'];
  const paths = names.map((name) => join(target, folder, name)).filter((path) => existsSync(path));
  return paths.map((path) => readFileSync(path, 'latin1')).join('\n');
}

/** Until the first run the layout of 2011 is kept, which a mirror of ours does not have. */
function withoutOldLayout(problems: readonly string[]): string[] {
  return problems.filter((problem) => !/^packages\/source\/\S+: does not belong here$/.test(problem));
}

/** The bytes of every linked file by project and name. */
function contentsOf({ target }: OldMirror): Record<string, string> {
  const web = existsSync(join(target, 'simple')) ? target : join(target, 'web');
  const found: Record<string, string> = {};
  for (const path of treeOf(join(web, 'simple'))) {
    const [, project] = /^([^/]+)\/index\.html$/.exec(path) ?? [];
    if (project === undefined) continue;
    const page = readFileSync(join(web, 'simple', path), 'utf8');
    for (const [, link = ''] of page.matchAll(/href="\.\.\/\.\.\/(packages\/[^"#]*)#/g)) {
      const name = project.replace(/[-_.]+/g, '-').toLowerCase();
      found[`${name} ${link.split('/').at(-1)}`] = readFileSync(join(web, link), 'hex');
    }
  }
  return found;
}

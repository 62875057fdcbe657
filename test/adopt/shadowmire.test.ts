/** Mirrors of shadowmire: their tree lies in the target itself, and has to be moved. */
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { changeOf } from '../fixtures/mirror-state.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { openOldMirror, openUpstream, tookFew } from './old-mirror.ts';

const skip = recordingsMissing;
const archive = 'few-shadowmire-2';
const upstream = skip === false ? await openUpstream(t, archive) : undefined;

t.test('the tree is moved below web/, and its links are replaced', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  t.ok(lstatSync(join(mirror.target, 'simple/index.html')).isSymbolicLink());
  t.ok(lstatSync(join(mirror.target, 'simple/mcunix/index.html')).isSymbolicLink());
  const { ino } = lstatSync(join(mirror.target, 'packages'));
  await mirror.takeOver();
  t.equal(lstatSync(join(mirror.web, 'packages')).ino, ino, 'moved, not copied');
  for (const page of ['index.html', 'mcunix/index.html']) {
    t.ok(lstatSync(join(mirror.web, 'simple', page)).isFile(), page);
  }
  t.notOk(existsSync(join(mirror.web, 'simple/mcunix/index.v1_html')));
  t.same(mirror.problems(), []);
});

for (const moved of [[], ['simple'], ['simple', 'packages']]) {
  const name = `a run that was killed when ${moved.join(' and ') || 'nothing'} had been moved is continued`;
  t.test(name, { skip }, async (t) => {
    const mirror = await openOldMirror(t, archive, upstream);
    mirror.remembered((state) => state.set(changeOf({ adopting: 'shadowmire (as it was)' })));
    mkdirSync(mirror.web);
    for (const folder of moved) renameSync(join(mirror.target, folder), join(mirror.web, folder));
    await mirror.run();
    t.same(mirror.adoptions(), ['shadowmire (as it was)', tookFew]);
    t.same(mirror.downloads(), []);
    t.same(mirror.published(), await mirror.freshTree());
    t.notOk(existsSync(join(mirror.target, 'local.db')));
  });
}

t.test('a first run of it that was interrupted', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  rmSync(join(mirror.target, 'local.db.serial'));
  rmSync(join(mirror.target, 'simple/mcunix'), { recursive: true });
  await mirror.run();
  t.same(mirror.adoptions()[0], 'shadowmire (interrupted in its first run)');
  t.same(mirror.downloads(), [], 'not even files that no page links to');
  t.same(mirror.published(), await mirror.freshTree());
});

t.test('where both places have a tree nothing is overwritten', { skip }, async (t) => {
  const mirror = await openOldMirror(t, archive, upstream);
  mkdirSync(join(mirror.web, 'simple/other'), { recursive: true });
  writeFileSync(join(mirror.web, 'simple/other/index.html'), 'mine');
  await t.rejects(mirror.run(), { name: 'StorageError', message: /^[^\n]*simple[^\n]*$/ });
  t.equal(mirror.text('simple/other/index.html'), 'mine');
  t.ok(existsSync(join(mirror.target, 'simple/mcunix')));
  rmSync(join(mirror.web, 'simple/other'), { recursive: true });
  await mirror.run();
  t.same(mirror.published(), await mirror.freshTree());
});

/** Mirrors that are right although they do not look like the others. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openTestMirror } from '../fixtures/test-mirror.ts';
import { somePlace, TreeIndex } from '../fixtures/tree-upstream.ts';
import { makeSdist } from '../sample/distributions.ts';
import { damageableIndex, openSyncedMirror, runCheck } from './checked-mirror.ts';

const everything = { repair: true, deleteUnreferenced: true };

t.test('a mirror of the index only has no files, and lacks none', async (t) => {
  const mirror = await openTestMirror(t, { index: damageableIndex() });
  await mirror.run({ settings: { indexOnly: true } });
  const { lines, tally } = await runCheck(mirror, everything);
  t.same(lines, []);
  t.match(tally, { projects: 3, files: 0 });
});

t.test('a mirror that became one of the index only keeps the files that it held, and they are checked', async (t) => {
  const mirror = await openSyncedMirror(t);
  await mirror.runLater({ settings: { indexOnly: true } });
  t.match((await runCheck(mirror, everything)).tally, { findings: 0, files: 7 });
  rmSync(join(mirror.web, mirror.pathOf('alpha', 'alpha-1.0.tar.gz')));
  t.match((await runCheck(mirror)).lines[0], /^Missing file .*alpha-1\.0\.tar\.gz$/);
});

t.test('a mirror of the index only keeps what has moved upstream, and that is checked, too', async (t) => {
  const index = new TreeIndex();
  const sdist = makeSdist({ name: 'mover', version: '1.0' });
  const [from, to] = [somePlace('a', sdist.filename), somePlace('b', sdist.filename)];
  index.publishAt(from, sdist);
  const mirror = await openSyncedMirror(t, index);
  index.removeFile('mover', sdist.filename);
  index.publishAt(to, sdist);
  await mirror.runLater({ settings: { indexOnly: true } });
  const { lines, tally } = await runCheck(mirror, everything);
  t.same(lines, []);
  t.match(tally, { files: 1 });
  rmSync(join(mirror.web, from));
  t.match((await runCheck(mirror)).lines[0], /^Missing file .*mover-1\.0\.tar\.gz$/);
});

t.test('a mirror that has never run, or has no projects, is right', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.remembered(() => {});
  t.same((await runCheck(mirror)).lines, []);
});

t.test('projects that are yanked, in quarantine, without files, or gone are right', async (t) => {
  const mirror = await openSyncedMirror(t);
  const { index } = mirror;
  index.yank('many', '1.1', 'broken');
  index.quarantine('beta');
  index.removeFile('alpha', 'alpha-1.0.tar.gz');
  index.publish(makeSdist({ name: 'gone', version: '1.0' }));
  await mirror.runLater();
  index.removeProject('gone');
  await mirror.runLater();
  t.same((await runCheck(mirror, everything)).lines, []);
  t.same(mirror.problems(), []);
});

t.test('a mirror that announces its address is right', async (t) => {
  const mirror = await openTestMirror(t, { index: damageableIndex() });
  await mirror.run({ settings: { baseUrl: 'https://mirror.example' } });
  t.same((await runCheck(mirror, everything)).lines, []);
});

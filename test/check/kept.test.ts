import { join } from 'node:path';
import t from 'tap';
import { flipByte, openSyncedMirror, runCheck } from './checked-mirror.ts';

t.test('what an archive keeps is checked, although no page lists it', async (t) => {
  const mirror = await openSyncedMirror(t);
  const settings = { keepRemoved: true };
  const [project, release] = [
    mirror.pathOf('beta', 'beta-1.0-py3-none-any.whl'),
    mirror.pathOf('many', 'many-1.0.tar.gz'),
  ];
  mirror.index.removeProject('beta');
  mirror.index.removeRelease('many', '1.0');
  await mirror.runLater({ settings });
  t.same(await runCheck(mirror).then(({ lines, exitCode }) => ({ lines, exitCode })), { lines: [], exitCode: 0 });
  for (const path of [project, release]) flipByte(join(mirror.web, path));
  const { lines, exitCode } = await runCheck(mirror, { deleteUnreferenced: true });
  t.equal(exitCode, 1);
  t.equal(lines.filter((line) => line.includes(project)).length, 1);
  t.equal(lines.filter((line) => line.includes(release)).length, 1);
});

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeWheel } from '../sample/distributions.ts';
import { damageableIndex, flipByte, openSyncedMirror, runCheck } from './checked-mirror.ts';

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

t.test('what is damaged of an archive goes into the trash with --repair, and is not told again', async (t) => {
  const index = damageableIndex();
  index.publish(makeWheel({ name: 'beta', version: '2.0' }), { provenance: true });
  const mirror = await openSyncedMirror(t, index);
  const [bad, half] = ['beta-1.0-py3-none-any.whl', 'beta-2.0-py3-none-any.whl'].map((file) =>
    mirror.pathOf('beta', file),
  );
  mirror.index.removeProject('beta');
  await mirror.runLater({ settings: { keepRemoved: true } });
  flipByte(join(mirror.web, bad ?? ''));
  writeFileSync(join(mirror.web, `${half}.provenance`), 'none');
  const { lines, exitCode } = await runCheck(mirror, { repair: true });
  t.equal(exitCode, 1);
  const discarded = lines.filter((line) => line.startsWith('Moved to the trash '));
  t.same(
    discarded.map((line) => line.slice('Moved to the trash '.length)).sort(),
    [bad, `${bad}.metadata`, `${half}.provenance`].sort(),
  );
  t.ok(existsSync(join(mirror.web, half ?? '')));
  t.match(
    mirror.remembered((state) => state.totals()),
    { files: 7, queued: 0 },
  );
  t.match(await runCheck(mirror, { repair: true }), { lines: [], exitCode: 0 });
});

t.test('what is kept is checked in its share, once, and healed by nobody', async (t) => {
  const index = damageableIndex();
  const names = ['kept-a', 'kept-b', 'kept-c', 'kept-d', 'kept-e'];
  for (const name of names) index.publish(makeWheel({ name, version: '1.0' }));
  const mirror = await openSyncedMirror(t, index);
  const paths = names.map((name) => mirror.pathOf(name, `${name.replace('-', '_')}-1.0-py3-none-any.whl`));
  for (const name of names) mirror.index.removeProject(name);
  await mirror.runLater({ settings: { keepRemoved: true }, allowDeletions: names.length });
  for (const path of paths) flipByte(join(mirror.web, path));
  const told: string[] = [];
  for (const number of [1, 2, 3]) {
    const { lines } = await runCheck(mirror, { subset: { number, of: 3 } });
    told.push(...paths.filter((path) => lines.some((line) => line.startsWith(`Bad sha256 ${path}`))));
  }
  t.same([...told].sort(), [...paths].sort());
  t.equal(
    mirror.remembered((state) => state.totals().queued),
    0,
  );
});

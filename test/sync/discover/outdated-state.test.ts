/** A state that was restored from a backup, and is older than its tree. */
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { treeOf } from '../../fixtures/reader-check.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';

const files = ['state.db', 'state.db-wal', 'state.db-shm'];
const release = (mirror: TestMirror, name: string, version: string) =>
  mirror.index.publish(makeWheel({ name, version }));

/** Keeps a copy of the state as it is now. Returns what puts it back. */
function backUp({ target }: TestMirror): () => void {
  const paths = files.map((file) => join(target, file));
  for (const path of paths) if (existsSync(path)) cpSync(path, `${path}.backup`);
  return () => {
    for (const path of paths) {
      rmSync(path, { force: true });
      if (existsSync(`${path}.backup`)) cpSync(`${path}.backup`, path);
    }
  };
}

for (const [what, policy, hasChangelog] of [
  ['of everything', undefined, true],
  ['of an index without changelog', undefined, false],
  ['that names its projects', policyFrom('projects = ["alpha", "beta", "delta", "gamma"]'), true],
] as const) {
  t.test(`projects from after the backup that upstream has no more are removed, in a mirror ${what}`, async (t) => {
    const mirror = await openTestMirror(t);
    if (!hasChangelog) mirror.server.faults.add({ do: 'xmlrpc-off' });
    const named = policyFrom('projects = ["alpha", "beta", "gamma"]');
    await mirror.run({ policy: policy && named });
    const restore = backUp(mirror);
    release(mirror, 'delta', '1.0');
    release(mirror, 'alpha', '2.0');
    mirror.index.removeProject('gamma');
    await mirror.runLater({ policy });
    const [delta, second] = [
      mirror.pathOf('delta', 'delta-1.0-py3-none-any.whl'),
      mirror.pathOf('alpha', 'alpha-2.0-py3-none-any.whl'),
    ];
    const removed = mirror.text('removed.json');
    t.ok([delta, second].every((path) => existsSync(join(mirror.web, path))));
    restore();
    mirror.index.removeProject('delta');
    mirror.index.removeRelease('alpha', '2.0');
    // What a short changelog does not say any more.
    mirror.index.journal.length = 0;
    await mirror.runLater({ policy });
    t.match(
      mirror.warnings().join('\n'),
      /state\.db: its last run began at .*restored from a backup.* 3 projects that differ/,
    );
    await mirror.runLater({ policy });
    await mirror.runLater({ policy });
    t.notOk(existsSync(join(mirror.web, 'simple/delta')), 'it cannot be installed any more');
    t.notOk(existsSync(join(mirror.web, 'simple/gamma')));
    t.same(mirror.page('alpha').versions, ['1.0']);
    t.notOk(
      [delta, second].some((path) => existsSync(join(mirror.web, path))),
      'nor can its files be fetched',
    );
    t.same(mirror.parkings(), []);
    t.same(mirror.problems(), []);
    const [old, now] = [removed, mirror.text('removed.json')].map((text) => JSON.parse(text).removed.length as number);
    t.ok((now ?? 0) >= (old ?? 0), 'what was removed is still told');
    await mirror.runLater({ policy });
    t.notMatch(mirror.warnings().join('\n'), /backup/);
  });
}

t.test('correct files are not fetched again', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const restore = backUp(mirror);
  release(mirror, 'delta', '1.0');
  await mirror.runLater();
  const before = treeOf(join(mirror.web, 'packages'));
  restore();
  await mirror.runLater();
  t.same(
    mirror.requested().filter((path) => path.endsWith('.whl')),
    [],
  );
  t.same(treeOf(join(mirror.web, 'packages')), before);
  t.match(mirror.warnings(), [/ 1 projects that differ/]);
  t.same(mirror.problems(), []);
});

t.test('a state that is as new as its tree is not suspected', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  for (let run = 0; run < 3; run += 1) {
    await mirror.runLater();
    t.same(mirror.warnings(), []);
    t.same(mirror.requested(), ['changelog_since_serial']);
  }
});

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { isThere, openTarget, pathsOf, requestAgeMs, takeRequest } from '../../../src/cli/target/target.ts';
import { StorageError } from '../../../src/core/errors.ts';
import { openToAll } from '../../fixtures/open-to-all.ts';
import { calledAsOrdinaryUser, ordinaryUserOrReason } from '../../fixtures/ordinary-user.ts';

t.test('a path that may not be read is a storage error, and not taken for absent', async (t) => {
  const root = t.testdir();
  // A link to itself is refused to everybody, also to root.
  for (const name of ['state.db', 'run']) symlinkSync(join(root, name), join(root, name));
  t.throws(() => openTarget(root), { name: 'StorageError', message: /state\.db: cannot be looked at: ELOOP/ });
  t.throws(() => isThere(join(root, 'state.db')), StorageError);
  const requestFlag = join(root, 'run/sync-requested');
  t.throws(() => requestAgeMs({ ...pathsOf(root), requestFlag }, 0), StorageError);
  t.equal(isThere(join(root, 'missing')), false);
  t.equal(isThere(join(root, 'missing/below')), false);
});

t.test('a request for a run is taken, whatever kind of file it is', async (t) => {
  const root = t.testdir({ file: '', empty: {} });
  symlinkSync(join(root, 'link'), join(root, 'link'));
  spawnSync('mkfifo', [join(root, 'pipe')]);
  for (const name of ['file', 'link', 'pipe', 'empty']) {
    const target = { ...openTarget(root, () => true), requestFlag: join(root, name) };
    const isFolder = name === 'empty';
    t.equal(requestAgeMs(target, Date.now()) === undefined, isFolder, name);
    t.equal(takeRequest(target, t.fail), true);
    t.notOk(existsSync(join(root, name)));
    t.equal(takeRequest(target, t.fail), false);
  }
});

t.test('a folder with content in place of a request is put aside, and the targets of its links stay', async (t) => {
  const root = t.testdir({ flag: { theirs: '', below: {} }, ours: { precious: '' } });
  symlinkSync(join(root, 'ours'), join(root, 'flag/below/link'));
  const target = { ...openTarget(root, () => true), requestFlag: join(root, 'flag') };
  const told: string[] = [];
  t.equal(
    takeRequest(target, (message) => told.push(message)),
    true,
  );
  const aside = readdirSync(root).find((name) => /^flag\.folder-\d+$/.test(name)) ?? '';
  t.match(told, [`flag: was a folder that somebody had filled; look at ${join(root, aside)}, and remove it`]);
  t.same(readdirSync(join(root, aside)), ['below', 'theirs'], 'nothing below it is touched');
  t.notOk(existsSync(target.requestFlag), 'and the next request is seen');
});

t.test(
  'a folder in place of a request that cannot be removed is reported, and ends no run',
  ordinaryUserOrReason(),
  async (t) => {
    const root = openToAll(t).testdir();
    const flag = openTarget(root).requestFlag;
    mkdirSync(flag, { recursive: true });
    writeFileSync(join(flag, 'theirs'), '');
    for (const folder of [dirname(flag), flag]) chmodSync(folder, 0o555);
    const found = await calledAsOrdinaryUser(
      { target: 'src/cli/target/target.ts' },
      root,
      `const told = [];
      const opened = target.openTarget(given);
      const taken = target.takeRequest(opened, (message) => told.push(message));
      return { taken, ageMs: target.requestAgeMs(opened, Date.now()) ?? 'none', told };`,
    );
    for (const folder of [dirname(flag), flag]) chmodSync(folder, 0o755);
    t.match(found, {
      taken: false,
      // Or the program would run again and again.
      ageMs: 'none',
      told: [/sync-requested: is a folder that cannot be removed \(EACCES.*\); no request is seen until you remove it/],
    });
  },
);

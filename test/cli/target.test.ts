import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isThere, openTarget, requestAgeMs } from '../../src/cli/target.ts';
import { StorageError } from '../../src/core/errors.ts';

t.test('what may not be looked at is a matter of storage, and not taken for absent', async (t) => {
  const root = t.testdir({ run: {} });
  // A link to itself is refused to everybody, also to root.
  for (const name of ['state.db', 'run/sync-requested']) symlinkSync(join(root, name), join(root, name));
  t.throws(() => openTarget(root), { name: 'StorageError', message: /state\.db: cannot be looked at: ELOOP/ });
  t.throws(() => isThere(join(root, 'state.db')), StorageError);
  const target = { root, config: '', state: '', lock: '', requestFlag: join(root, 'run/sync-requested') };
  t.throws(() => requestAgeMs(target, 0), StorageError);
  t.equal(isThere(join(root, 'missing')), false);
  t.equal(isThere(join(root, 'missing/below')), false);
});

import { join } from 'node:path';
import t from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import { openDatabase } from '../../../src/state/sqlite/open-database.ts';

t.test('a folder that is not there, or may not be looked at, is a matter of storage and no bug', async (t) => {
  const path = join(t.testdir(), 'nowhere', 'state.db');
  t.throws(() => openDatabase(path), StorageError);
  t.throws(() => openDatabase(path), { message: new RegExp(`^${path}: [^\n]+directory does not exist$`) });
});

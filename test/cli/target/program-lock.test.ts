/** A lock that the disk refuses is a storage error, and no bug. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { holdLock, stalledHolderText } from '../../../src/cli/target/program-lock.ts';

t.test('a lock that the disk refuses is a storage error with its path', async (t) => {
  const file = join(t.testdir(), 'file');
  writeFileSync(file, '');
  const path = join(file, 'check.db');
  const expected = { name: 'StorageError', message: path };
  t.throws(() => holdLock(path), expected);
  t.throws(() => stalledHolderText(path, 'pep381checkfiles'), expected);
});

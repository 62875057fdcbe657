/** What only looks at a mirror: it neither changes anything, nor keeps anybody from it. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import { isLocked, takeLock } from '../../../src/state/sqlite/lock.ts';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { changeOf, mirrorState } from '../../fixtures/mirror-state.ts';

const clock = new FakeClock();
const readOnly = { readOnly: true };

t.test('a store that only reads sees what is there, and cannot change it', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const writer = new SqliteStateStore(path, clock);
  writer.set(changeOf({ serial: 5 }));
  writer.close();
  const before = readFileSync(path);
  const reader = new SqliteStateStore(path, clock, readOnly);
  t.same(mirrorState(reader), { serial: 5 });
  t.throws(() => reader.set(changeOf({ serial: 6 })), StorageError);
  reader.close();
  t.ok(readFileSync(path).equals(before));
});

t.test('a store that only reads sees what was committed while another one writes', async (t) => {
  const path = join(t.testdir(), 'state.db');
  const writer = new SqliteStateStore(path, clock);
  writer.set(changeOf({ serial: 5 }));
  const reader = new SqliteStateStore(path, clock, readOnly);
  t.same(mirrorState(reader), { serial: 5 });
  writer.set(changeOf({ serial: 6 }));
  t.same(mirrorState(reader), { serial: 6 });
  reader.close();
  writer.close();
});

t.test('a store that only reads creates no database, and brings none up to date', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'state.db');
  t.throws(() => new SqliteStateStore(path, clock, readOnly), StorageError);
  t.same(readdirSync(folder), []);
  writeFileSync(path, '');
  t.throws(() => new SqliteStateStore(path, clock, readOnly), { message: /found 0: the next run of pep381run brings/ });
  t.equal(readFileSync(path).length, 0);
  const newer = new Database(path);
  newer.pragma('user_version = 99');
  newer.close();
  t.throws(() => new SqliteStateStore(path, clock, readOnly), {
    message: /found 99: it belongs to a newer pep381client/,
  });
});

t.test('whether a lock is held can be seen without taking it', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'lock.db');
  t.notOk(isLocked(path), 'there is none');
  t.same(readdirSync(folder), [], 'and none is created');
  const release = takeLock(path);
  t.ok(isLocked(path));
  t.equal(takeLock(path), undefined);
  release?.();
  t.notOk(isLocked(path));
  const again = takeLock(path);
  t.ok(again, 'it can be taken after somebody looked');
  again?.();
});

t.test('who cannot write to a lock cannot read it either, and so cannot hold it', async (t) => {
  const folder = t.testdir({ 'of-1.9': '' });
  chmodSync(join(folder, 'of-1.9'), 0o644);
  for (const name of ['of-1.9', 'new']) {
    const path = join(folder, name);
    const release = takeLock(path);
    t.equal(statSync(path).mode & 0o777, 0o600, name);
    t.equal(takeLock(path), undefined);
    t.equal(isLocked(path), true, 'and the lock is held by whom it keeps out');
    release?.();
    t.equal(isLocked(path), false);
  }
});

t.test('a lock that cannot be looked at is an error', async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, 'lock.db'));
  t.throws(() => isLocked(join(folder, 'lock.db')), StorageError);
});

t.test('a lock that is a link is refused, and nothing is created where it leads', async (t) => {
  const folder = t.testdir({ theirs: 'theirs' });
  for (const name of ['theirs', 'nowhere']) {
    const lock = join(folder, `${name}.lock`);
    symlinkSync(join(folder, name), lock);
    t.throws(() => takeLock(lock), /expected a file, found a link or something else; remove it$/);
  }
  t.equal(readFileSync(join(folder, 'theirs'), 'utf8'), 'theirs');
  t.notOk(existsSync(join(folder, 'nowhere')));
});

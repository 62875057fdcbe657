/** The record of a machine that stands by. */
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readStandby, removeStandby, writeStandby } from '../../../src/cli/target/standby-record.ts';
import { pathsOf } from '../../../src/cli/target/target.ts';

t.test('it is kept until this machine publishes, for those who may read the state', async (t) => {
  const target = pathsOf(t.testdir());
  t.equal(readStandby(target), undefined);
  removeStandby(target);
  const record = { publisher: 'a.example', heardMs: 1, askedMs: 2 };
  writeStandby(target, record, 0o600);
  writeStandby(target, { ...record, askedMs: 3 }, 0o640);
  t.same(readStandby(target), { ...record, askedMs: 3 });
  t.equal(statSync(target.standby).mode & 0o777, 0o640);
  removeStandby(target);
  t.equal(readStandby(target), undefined);
});

t.test('nothing is written through what lies in its place', async (t) => {
  const folder = t.testdir({ other: 'untouched' });
  const target = pathsOf(folder);
  const record = { publisher: 'a.example', heardMs: 1, askedMs: 2 };
  const written = `${target.standby}.new`;
  symlinkSync(join(folder, 'other'), written);
  writeStandby(target, record, 0o600);
  t.equal(readFileSync(join(folder, 'other'), 'utf8'), 'untouched');
  t.same(readStandby(target), record);
  removeStandby(target);
  mkdirSync(join(written, 'folder'), { recursive: true });
  writeStandby(target, record, 0o600);
  t.same(readStandby(target), record);
});

t.test('what is not such a record says nothing', async (t) => {
  const target = pathsOf(t.testdir({ 'standby.json': '' }));
  for (const text of ['', '{', '[]', '{"publisher":1,"heardMs":1,"askedMs":1}', '{"publisher":"a"}']) {
    writeFileSync(target.standby, text);
    t.equal(readStandby(target), undefined, text);
  }
});

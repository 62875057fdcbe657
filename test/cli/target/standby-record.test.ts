/** The record of a machine that stands by. */
import { statSync, writeFileSync } from 'node:fs';
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

t.test('what is not such a record says nothing', async (t) => {
  const target = pathsOf(t.testdir({ 'standby.json': '' }));
  for (const text of ['', '{', '[]', '{"publisher":1,"heardMs":1,"askedMs":1}', '{"publisher":"a"}']) {
    writeFileSync(target.standby, text);
    t.equal(readStandby(target), undefined, text);
  }
});

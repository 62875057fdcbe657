/** What is left of a download is continued only with the validator that came with those very bytes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { WebPath } from '../../../src/core/paths.ts';
import { FilesystemFileStore } from '../../../src/files/filesystem/filesystem-file-store.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

const megabyte = 1 << 20;

/** Stages the same file again and again, as runs do that follow each other. */
function openTarget(t: Test) {
  const target = t.testdir();
  const stage = async () => {
    const store = new FilesystemFileStore(target, new FakeClock());
    store.create();
    return store.stage('key', 'packages/a' as WebPath);
  };
  const left = () => readdirSync(join(target, 'staging')).sort();
  return { stage, left, read: (name: string) => readFileSync(join(target, 'staging', name)) };
}

t.test('bytes without a validator take the place of those that had one', async (t) => {
  const { stage, left } = openTarget(t);
  const first = await stage();
  first.begin(false, '"old"');
  await first.write(Buffer.alloc(2 * megabyte, 'a'));
  await first.interrupt();
  const second = await stage();
  t.same(second.resumable, { bytes: 2 * megabyte, etag: '"old"' });
  second.begin(false, undefined);
  await second.write(Buffer.alloc(2 * megabyte, 'b'));
  await second.interrupt();
  t.equal((await stage()).resumable, undefined);
  t.notOk(left().includes('key.etag'));
});

t.test('bytes with another validator are continued by that', async (t) => {
  const { stage, read } = openTarget(t);
  const first = await stage();
  first.begin(false, '"old"');
  await first.write(Buffer.alloc(3 * megabyte, 'a'));
  await first.interrupt();
  const second = await stage();
  second.begin(false, '"new"');
  await second.write(Buffer.alloc(2 * megabyte, 'b'));
  await second.interrupt();
  const third = await stage();
  t.same(third.resumable, { bytes: 2 * megabyte, etag: '"new"' });
  third.begin(true, '"new"');
  await third.write(Buffer.alloc(megabyte, 'c'));
  const { bytes } = await third.finish();
  t.equal(bytes, 3 * megabyte);
  const expected = Buffer.concat([Buffer.alloc(2 * megabyte, 'b'), Buffer.alloc(megabyte, 'c')]);
  t.ok(read('key.part').equals(expected));
});

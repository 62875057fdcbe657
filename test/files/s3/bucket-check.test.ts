/** The listing of a bucket, of which a check keeps nothing in memory. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hourMs } from '../../../src/core/durations.ts';
import { PausedError } from '../../../src/core/errors.ts';
import { pathOfKey, type WebPath } from '../../../src/core/paths.ts';
import { FilesystemFileStore } from '../../../src/files/filesystem/filesystem-file-store.ts';
import type { Bucket, ListedObject } from '../../../src/files/s3/bucket.ts';
import { BucketCheck } from '../../../src/files/s3/bucket-check.ts';
import { listed } from '../../../src/files/s3/listed-files.ts';
import { S3FileStore } from '../../../src/files/s3/s3-file-store.ts';
import { SplitFileStore } from '../../../src/files/s3/split-file-store.ts';
import { SqliteObjectListing } from '../../../src/state/sqlite/sqlite-object-listing.ts';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

const pageSize = 1000;
const count = 20_000;

function pathOf(number: number): string {
  const digits = String(number).padStart(64, '0');
  return `packages/${digits.slice(-2)}/${digits.slice(0, 2)}/${digits}/a-${number}.zip`;
}

function at(key: string): WebPath {
  const path = pathOfKey(key);
  if (path === undefined) throw new Error(`${key} is no path`);
  return path;
}

function etagOf(number: number): string {
  return number % 2 === 0 ? number.toString(16).padStart(32, '0') : `${'f'.repeat(32)}-${number}`;
}

/** A bucket that can be listed only, and counts the pages. Pages are made when they are asked for. */
function bucketOf(objects: readonly ListedObject[]): { readonly bucket: Bucket; pages: number } {
  const of = { bucket: {} as Bucket, pages: 0 };
  const where = 's3://bucket/prefix at https://store';
  async function* list(prefix: string, { after = '' }: { after?: string } = {}) {
    const found = objects.filter(({ key }) => key.startsWith(prefix) && key > after);
    for (let start = 0; start < found.length; start += pageSize) {
      of.pages += 1;
      yield { objects: found.slice(start, start + pageSize), folders: [] };
    }
  }
  const refused = () => Promise.reject(new Error('asked for one object'));
  Object.assign(of.bucket, { where, list, head: refused, read: refused, stream: refused });
  return of;
}

function open(t: Test, objects: readonly ListedObject[]) {
  const [target, clock] = [t.testdir(), new FakeClock()];
  const state = new SqliteStateStore(':memory:', clock);
  t.teardown(() => state.close());
  const of = bucketOf(objects);
  const journal = state.objects;
  const live = new SplitFileStore(
    new FilesystemFileStore(target, clock),
    new S3FileStore({ bucket: of.bucket, journal, removals: clock }),
    'files',
  );
  const file = join(target, 'listing.db');
  const openAgain = () => {
    const listing = new SqliteObjectListing(file);
    const check = new BucketCheck({
      bucket: of.bucket,
      prefix: 'prefix',
      hold: 'files',
      live,
      listing,
      journal,
      clock,
    });
    return { check, files: listed(live, listing, journal) };
  };
  return { of, clock, journal, file, openAgain };
}

const numbers = Array.from({ length: count }, (_, number) => number);
const objects = numbers
  .map((number) => ({ key: `web/${pathOf(number)}`, bytes: number, etag: etagOf(number), modifiedMs: 1000 * number }))
  .sort((a, b) => (a.key < b.key ? -1 : 1));

t.test('twenty thousand objects are listed in twenty requests, and each is found without another one', async (t) => {
  const { of, journal, file, openAgain } = open(t, objects);
  const { check, files } = openAgain();
  const told: number[] = [];
  await check.list(new AbortController().signal, (listed) => told.push(listed));
  t.equal(of.pages, count / pageSize);
  t.same(told, Array(count / pageSize).fill(pageSize));
  journal.rememberEtags(numbers.slice(0, 10).map((number) => ({ path: at(pathOf(number)), etag: etagOf(number) })));
  journal.rememberEtags([{ path: at(pathOf(11)), etag: etagOf(12) }]);
  journal.deleteLater([{ path: at(pathOf(20)), dueMs: 0 }]);
  const stat = (number: number) => files.stat(at(pathOf(number)));
  t.same(await stat(9), { kind: 'file', size: 9, mtimeMs: 9000, content: 'as-published' });
  t.match(await stat(8), { content: 'as-published' });
  t.match(await stat(11), { content: 'other' });
  t.match(await stat(12), { content: 'unknown' });
  t.equal(await stat(20), undefined, 'it is to be deleted');
  t.equal(await files.size(at(pathOf(count))), undefined);
  let found = 0;
  const walk = async (folder: WebPath): Promise<void> => {
    for await (const { name, kind } of files.entries(folder)) {
      if (kind === 'folder') await walk(at(`${folder}/${name}`));
      else found += 1;
    }
  };
  await walk(at('packages'));
  t.equal(found, count - 1);
  t.equal(of.pages, count / pageSize);
  check.end();
  t.notOk(existsSync(file));
});

t.test('an interrupted listing goes on where it was, for a day', async (t) => {
  const { of, clock, openAgain } = open(t, objects);
  const stop = new AbortController();
  const first = openAgain();
  const interrupted = first.check.list(stop.signal, () => {
    if (of.pages === 5) stop.abort();
  });
  await t.rejects(interrupted, PausedError);
  first.check.close();
  clock.advance(hourMs);
  const next = openAgain();
  const signal = new AbortController().signal;
  await next.check.list(signal, () => {});
  t.equal(of.pages, count / pageSize + 1, 'only the page that was asked for meanwhile is asked for again');
  t.match(await next.files.stat(at(pathOf(count - 1))), { size: count - 1 });
  next.check.close();
  const last = openAgain();
  await last.check.list(signal, () => {});
  t.equal(of.pages, count / pageSize + 1, 'a complete one is used again');
  clock.advance(24 * hourMs);
  await last.check.list(signal, () => {});
  t.equal(of.pages, 2 * (count / pageSize) + 1, 'but not for ever');
  last.check.end();
});

t.test('a key may be anything', async (t) => {
  const keys = ['a', 'a-b', 'a/', 'a//b', 'a/../b', 'a/b', 'a/b/c', 'a/\u{1f600}', 'a\u0000b', "a/'; DROP"].sort();
  const listed = keys.map((key) => ({ key: `web/packages/${key}`, bytes: 1, etag: 'not usual', modifiedMs: 0 }));
  const { openAgain } = open(t, listed);
  const { check, files } = openAgain();
  await check.list(new AbortController().signal, () => {});
  const names = async (folder: WebPath) => {
    const entries: string[] = [];
    for await (const { name, kind } of files.entries(folder)) entries.push(kind === 'folder' ? `${name}/` : name);
    return entries.sort();
  };
  t.same(await names(at('packages')), ['a', 'a\u0000b', 'a-b', 'a/']);
  t.same(await names(at('packages/a')), ["'; DROP", '../', '/', 'b', 'b/', '\u{1f600}'].sort());
  check.end();
});

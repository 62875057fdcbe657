/** What counts as the file that a page speaks of, by the hashes that the page has. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { treeOrigin } from '../../src/adopt/tree-page.ts';
import { verifyFile } from '../../src/adopt/verify-file.ts';
import type { WebPath } from '../../src/core/paths.ts';
import { FilesystemFileStore } from '../../src/files/filesystem/filesystem-file-store.ts';
import { simplePageFrom } from '../../src/formats/simple/simple-json.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const body = Buffer.from('bytes');
const [md5, sha256] = ['md5', 'sha256'].map((name) => createHash(name).update(body).digest('hex')) as [string, string];
const filename = 'foo-1.0.tar.gz';
const path = `packages/aa/bb/${'c'.repeat(60)}/${filename}` as WebPath;
const oldPath = `packages/source/f/foo/${filename}` as WebPath;

t.test('a file is held where every hash that is told is right, in whatever letters', async (t) => {
  const files = new FilesystemFileStore(t.testdir(), new FakeClock());
  files.create();
  await files.publish([path, oldPath].map((path) => ({ path, body })));
  const kindOf = async (hashes: object, at: WebPath = path, size?: number): Promise<string> => {
    const url = `../../${at}`;
    const page = simplePageFrom(
      { meta: { 'api-version': '1.0' }, name: 'foo', files: [{ filename, url, hashes, size }] },
      'foo',
    );
    const [file] = page.files;
    if (file === undefined) throw new Error('foo has a file');
    return (await verifyFile(files, file, new URL(url, `${treeOrigin}/simple/foo/`))).kind;
  };
  t.equal(await kindOf({ sha256 }), 'held');
  t.equal(await kindOf({ md5 }), 'held');
  t.equal(await kindOf({ md5: md5.toUpperCase() }), 'held');
  t.equal(await kindOf({ sha256, md5: 'wrong' }), 'held', 'a sha256 is enough');
  t.equal(await kindOf({ sha256 }, path, body.length), 'held');
  t.equal(await kindOf({ sha256: '0'.repeat(64) }), 'damaged');
  t.equal(await kindOf({ sha256: '0'.repeat(64), md5 }), 'damaged');
  t.equal(await kindOf({ md5: '0'.repeat(32) }), 'damaged');
  t.equal(await kindOf({ sha256 }, path, 4), 'damaged');
  t.equal(await kindOf({}), 'missing', 'upstream will name the hash of this path');
  t.equal(await kindOf({}, oldPath), 'held', 'and of this one perhaps not');
});

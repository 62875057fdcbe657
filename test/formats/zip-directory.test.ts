import fc from 'fast-check';
import { zipSync } from 'fflate';
import t from 'tap';
import { packedBytes, type ReadBytes, type ZipEntry, zipEntries } from '../../src/formats/zip-directory.ts';

const readIn =
  (bytes: Uint8Array): ReadBytes =>
  async (start, end) =>
    bytes.subarray(Math.max(0, start), Math.max(0, end));

const entriesOf = (bytes: Uint8Array, wanted = /./): Promise<ZipEntry[] | undefined> =>
  zipEntries(bytes.length, readIn(bytes), (name) => wanted.test(name));

const plain = zipSync({ 'a/METADATA': [Buffer.from('Name: a\n'), { level: 0 }], 'a/b': Buffer.from('x'.repeat(1000)) });

t.test('entries are found by the directory, and their bytes by their headers', async (t) => {
  const entries = (await entriesOf(plain)) ?? [];
  t.same(
    entries.map(({ name, method, size }) => [name, method, size]),
    [
      ['a/METADATA', 0, 8],
      ['a/b', 8, 1000],
    ],
  );
  const [first] = entries;
  const bytes = first && (await packedBytes(first, readIn(plain)));
  t.equal(Buffer.from(bytes ?? []).toString(), 'Name: a\n');
  t.same(
    (await entriesOf(plain, /METADATA/))?.map(({ name }) => name),
    ['a/METADATA'],
  );
});

t.test('a comment may stand at the end', async (t) => {
  const comment = Buffer.concat([plain, Buffer.from('a comment of some length')]);
  t.equal((await entriesOf(comment))?.length, 2);
});

t.test('what is none is none, and no bytes are too strange', async (t) => {
  t.equal(await entriesOf(Buffer.from('nothing of the kind')), undefined);
  t.equal(await entriesOf(Buffer.alloc(0)), undefined);
  await fc.assert(
    fc.asyncProperty(fc.nat(plain.length - 1), fc.nat(255), async (at, byte) => {
      const damaged = Buffer.from(plain);
      damaged[at] = byte;
      for (const one of (await entriesOf(damaged)) ?? []) await packedBytes(one, readIn(damaged));
    }),
  );
});

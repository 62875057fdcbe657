import fc from 'fast-check';
import t from 'tap';
import { Header, Pax } from 'tar';
import { TarEntries } from '../../src/formats/tar-entries.ts';

function entry(path: string, body: string, type: 'File' | 'Directory' | 'NextFileHasLongPath' = 'File'): Buffer {
  const block = Buffer.alloc(512);
  const size = Buffer.byteLength(body);
  new Header({ path, mode: 0o644, uid: 0, gid: 0, size, mtime: new Date(0), type }).encode(block, 0);
  return Buffer.concat([block, Buffer.from(body), Buffer.alloc((512 - (size % 512)) % 512)]);
}

const long = `${'folder/'.repeat(30)}PKG-INFO`;

const whole = Buffer.concat([
  entry('a-1.0/', '', 'Directory'),
  entry('a-1.0/other.txt', 'x'.repeat(2000)),
  entry('a-1.0/PKG-INFO', 'Name: a\n'),
  entry('a-1.0/empty', ''),
  entry('././@LongLink', `${long}\0`, 'NextFileHasLongPath'),
  entry('cut', 'by GNU'),
  new Pax({ path: `${long}2`, size: 6 }).encode(),
  entry('cut', 'by pax'),
  entry(`${'p'.repeat(90)}/${'n'.repeat(90)}`, 'by ustar'),
  Buffer.alloc(1024),
]);

const wanted = /PKG-INFO|empty|^p+\/n+$/;

function found(pieces: readonly Buffer[]): Record<string, string> {
  const entries = new TarEntries((name) => wanted.test(name));
  for (const piece of pieces) {
    const copy = Buffer.from(piece);
    entries.push(copy);
    copy.fill(0);
  }
  return Object.fromEntries([...entries.found].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]));
}

const expected = {
  'a-1.0/PKG-INFO': 'Name: a\n',
  'a-1.0/empty': '',
  [long]: 'by GNU',
  [`${long}2`]: 'by pax',
  [`${'p'.repeat(90)}/${'n'.repeat(90)}`]: 'by ustar',
};

t.test('what is wanted is found, also under names that no header holds', async (t) => {
  t.same(found([whole]), expected);
});

t.test('wherever the pieces end', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(whole.length), { maxLength: 30 }), (cuts) => {
      const ends = [0, ...cuts.sort((a, b) => a - b), whole.length];
      const pieces = ends.slice(1).map((end, at) => whole.subarray(ends[at], end));
      return JSON.stringify(found(pieces)) === JSON.stringify(expected);
    }),
  );
});

t.test('no bytes are too strange', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(whole.length), (noise, at) => {
      found([whole.subarray(0, at), Buffer.from(noise), whole.subarray(at)]);
    }),
  );
});

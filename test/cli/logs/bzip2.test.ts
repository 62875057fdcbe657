import t from 'tap';
import { bzip2 } from '../../../src/cli/logs/bzip2.ts';
import { NonsenseError } from '../../../src/core/errors.ts';

t.test('any number of calls needs no more memory than one', async (t) => {
  const bytes = Buffer.alloc(900_000, 'some text, which repeats, ');
  const few = bytes.subarray(0, 1000);
  const packed = await bzip2.compress(few);
  // The library has room for some two hundred results that nobody frees, of any size.
  for (let call = 0; call < 300; call += 1) {
    const unpacked = await bzip2.decompress(packed);
    if (!unpacked.equals(few)) t.fail(`call ${call}`);
  }
  for (let call = 0; call < 1000; call += 1) await bzip2.compress(few);
  t.ok((await bzip2.decompress(await bzip2.compress(bytes))).equals(bytes));
});

t.test('invalid bzip2 is a NonsenseError, and the next call works', async (t) => {
  for (const bytes of ['', 'BZh9', 'no bzip2 at all', 'BZh91AY&SY and nothing']) {
    await t.rejects(bzip2.decompress(Buffer.from(bytes)), NonsenseError, bytes);
  }
  t.equal((await bzip2.decompress(await bzip2.compress(Buffer.alloc(0)))).length, 0);
  t.equal((await bzip2.decompress(await bzip2.compress(Buffer.from('x')))).toString(), 'x');
});

import { spawnSync } from 'node:child_process';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import t from 'tap';
import { bzip2 } from '../../../src/cli/logs/bzip2.ts';
import { UnreadableLogError } from '../../../src/core/errors.ts';
import { gunzip } from '../../../src/files/logs/gzip-members.ts';
import { LogFiles } from '../../../src/files/logs/log-files.ts';
import { programsOrReason } from '../../fixtures/programs.ts';
import { pseudoRandomBytes } from '../../sample/pseudo-random.ts';

const source = new LogFiles(bzip2);
/** Two megabytes of zeros: to compress them takes seconds. */
const zerosInBzip2 = 'QlpoOTFBWSZTWX7hkbEAEBBgAMAAAAQACCAAMMwFKaYEA2IIB4u5IpwoSD9wyNiA';
const needsBzip2 = programsOrReason('bzip2');
/** More than a megabyte that compress badly: several chunks, and several of the largest blocks of bzip2. */
const large = Buffer.from(pseudoRandomBytes('log', 1_080_000).map((byte) => 32 + (byte % 64)));
/** What most packed logs hold here: two of our blocks of bzip2. */
const content = large.subarray(0, 120_000);
const contentInBzip2 = await bzip2.compress(content);

async function read(path: string, position = 0): Promise<Buffer> {
  const log = await source.open(path);
  try {
    const pieces: Buffer[] = [];
    for await (const chunk of log.read(position)) pieces.push(Buffer.from(chunk));
    return Buffer.concat(pieces);
  } finally {
    await log.close();
  }
}

t.test('plain, gzip and bzip2, of one member and of several, told by their content', async (t) => {
  const folder = t.testdir();
  const half = content.length >> 1;
  const [first, second] = [content.subarray(0, half), content.subarray(half)];
  const files: Record<string, Buffer> = {
    plain: large,
    'one.gz': gzipSync(large),
    'two.gz': Buffer.concat([gzipSync(first), gzipSync(second)]),
    'no-suffix': gzipSync(content),
    'one.bz2': contentInBzip2,
    'two.bz2': Buffer.concat([await bzip2.compress(first), await bzip2.compress(second)]),
    'odd.bz2': Buffer.concat([await bzip2.compress(content.subarray(0, 1)), await bzip2.compress(content.subarray(1))]),
  };
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    const expected = name === 'plain' || name === 'one.gz' ? large : content;
    // In the last block, and in the second chunk of the large ones.
    const late = expected.length - 5000;
    writeFileSync(path, bytes);
    t.ok((await read(path)).equals(expected), name);
    t.ok((await read(path, late)).equals(expected.subarray(late)), `${name} from a position`);
    t.equal((await read(path, expected.length)).length, 0, `${name} from its end`);
    const log = await source.open(path);
    t.ok((await log.head(4096)).equals(content.subarray(0, 4096)), `the head of ${name}`);
    t.ok((await log.head(4096)).equals(content.subarray(0, 4096)), `and again`);
    await log.close();
  }
});

t.test('what is cut off is read as far as it goes', async (t) => {
  const folder = t.testdir();
  for (const [name, packed, bytes, part] of [
    ['x.gz', gzipSync(large), large, 0.6],
    ['x.bz2', contentInBzip2, content, 0.9],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, packed.subarray(0, packed.length * part));
    const found = await read(path);
    t.ok(found.length > bytes.length * 0.25 && bytes.subarray(0, found.length).equals(found), name);
  }
  for (const name of ['empty', 'empty.gz', 'empty.bz2']) {
    writeFileSync(
      join(folder, name),
      name.endsWith('.gz') ? gzipSync('') : name.endsWith('.bz2') ? await bzip2.compress(Buffer.alloc(0)) : '',
    );
    t.equal((await read(join(folder, name))).length, 0, name);
  }
});

/** A `.gz` with all that may stand in its header. */
function fullGzip(bytes: Buffer): Buffer {
  const [plain, header] = [gzipSync(bytes), Buffer.from([0x1f, 0x8b, 8, 4 + 8 + 16 + 2, 0, 0, 0, 0, 0, 3])];
  const extra = Buffer.from([5, 0, 1, 2, 0, 4, 5]);
  const start = Buffer.concat([header, extra, Buffer.from('name\0comment\0')]);
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(crc32(start) & 0xffff);
  return Buffer.concat([start, checksum, plain.subarray(10)]);
}

t.test('gzip as it may be: with long headers, empty members, zeros behind, read in any pieces', async (t) => {
  const [none, one, two] = [gzipSync(''), fullGzip(Buffer.from('one\n')), gzipSync('two\n')];
  const zeros = Buffer.alloc(600);
  const whole = Buffer.concat([none, one, zeros, two, none, zeros]);
  const unpack = async (bytes: Buffer, pieceBytes: number): Promise<{ text: string; isCut: boolean }> => {
    async function* pieces(): AsyncIterable<Buffer> {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield Buffer.from(bytes.subarray(at, at + pieceBytes));
    }
    let [text, isCut] = ['', false];
    for await (const piece of gunzip(pieces(), () => (isCut = true))) text += piece.toString();
    return { text, isCut };
  };
  for (const pieceBytes of [1, 2, 3, 7, 30, 1000, 10_000]) {
    t.same(await unpack(whole, pieceBytes), { text: 'one\ntwo\n', isCut: false }, `${pieceBytes} at a time`);
  }
  const gzip = spawnSync('gzip', ['-dcq'], { input: Buffer.concat([none, one, two]), encoding: 'utf8' });
  t.equal(gzip.stdout, 'one\ntwo\n', 'as gzip itself reads it');
  for (let length = 1; length < one.length; length += 1) {
    const { text, isCut } = await unpack(one.subarray(0, length), 5);
    t.ok(isCut && 'one\n'.startsWith(text), `cut off after ${length} bytes`);
  }
  t.same(await unpack(Buffer.concat([one, two.subarray(0, 1)]), 5), { text: 'one\n', isCut: true });
});

t.test('what stands behind the end of a .gz is told, and costs nothing of what is before it', async (t) => {
  const path = join(t.testdir(), 'pypi.log.2.gz');
  const packed = gzipSync(content);
  for (const behind of ['192.0.2.1 - - ...\n', '\0\0x', '\x1fx', '\x1f\x8bx'.padEnd(20)]) {
    for (const bytes of [content, content.subarray(0, 300)]) {
      const whole = bytes === content ? packed : gzipSync(bytes);
      writeFileSync(path, Buffer.concat([whole, Buffer.from(behind, 'latin1')]));
      const log = await source.open(path);
      t.ok((await log.head(4096)).equals(bytes.subarray(0, 4096)));
      t.ok((await log.end(100)).equals(bytes.subarray(-100)));
      const found: Buffer[] = [];
      const reading = (async () => {
        for await (const chunk of log.read(0)) found.push(Buffer.from(chunk));
      })();
      await t.rejects(reading, { name: 'UnreadableLogError', message: /pypi\.log\.2\.gz: is damaged: / });
      t.ok(Buffer.concat(found).equals(bytes), `all of ${bytes.length}`);
      await log.close();
    }
  }
});

t.test('so is what stands behind the end of a .bz2', async (t) => {
  const path = join(t.testdir(), 'pypi.log.2.bz2');
  for (const bytes of [content, content.subarray(0, 300)]) {
    const packed = bytes === content ? contentInBzip2 : await bzip2.compress(bytes);
    for (const [behind, told] of [
      ['192.0.2.1 - - ...\n', /behind the end of valid bzip2 there is something else$/],
      ['x'.repeat(1_100_000), /behind the end of valid bzip2 there is something else$/],
      ['\0\0', undefined],
      ['BZh91AY', undefined],
    ] as const) {
      writeFileSync(path, Buffer.concat([packed, Buffer.from(behind)]));
      const log = await source.open(path);
      const found: Buffer[] = [];
      const reading = (async () => {
        for await (const chunk of log.read(0)) found.push(Buffer.from(chunk));
      })();
      if (told === undefined) await reading;
      else await t.rejects(reading, { name: 'UnreadableLogError', message: told });
      t.ok(Buffer.concat(found).equals(bytes), `all of ${bytes.length}`);
      t.equal(log.isCut(), behind === 'BZh91AY');
      await log.close();
    }
  }
});

t.test('a log that is damaged, missing or a folder is an UnreadableLogError in one line', async (t) => {
  const folder = t.testdir();
  const damaged = Buffer.from(contentInBzip2);
  damaged.fill(0, 50_000, 50_100);
  writeFileSync(join(folder, 'damaged.bz2'), damaged);
  writeFileSync(join(folder, 'nonsense.bz2'), Buffer.concat([Buffer.from('BZh9'), Buffer.alloc(3_000_000)]));
  const gz = gzipSync(content);
  gz.fill(0, 50_000, 50_100);
  writeFileSync(join(folder, 'damaged.gz'), gz);
  for (const name of ['damaged.bz2', 'nonsense.bz2', 'damaged.gz', 'missing', '.']) {
    await t.rejects(read(join(folder, name)), UnreadableLogError, name);
  }
});

t.test('a pipe or a device is no log, and nobody waits for it', async (t) => {
  const pipe = join(t.testdir(), 'pipe');
  spawnSync('mkfifo', [pipe]);
  for (const path of [pipe, '/dev/zero', '/dev/null']) {
    await t.rejects(source.open(path), UnreadableLogError);
    await t.rejects(source.open(path), /: cannot be read: it is no regular file$/);
  }
});

t.test('a log that unfolds without end is read no further, and what came before counts', async (t) => {
  const path = join(t.testdir(), 'bomb');
  const careful = new LogFiles(bzip2, { harmlessBytes: 1 << 18 });
  const zeros = Buffer.alloc(2 << 20);
  for (const packed of [gzipSync(zeros), Buffer.from(zerosInBzip2, 'base64')]) {
    writeFileSync(path, packed);
    const log = await careful.open(path);
    let bytes = 0;
    const reading = (async () => {
      for await (const chunk of log.read(0)) bytes += chunk.length;
    })();
    await t.rejects(reading, { name: 'UnreadableLogError', message: /unfolds to more than 200 times its size/ });
    t.ok(bytes < zeros.length);
    await log.close();
    t.equal((await read(path)).length, zeros.length, 'a small one does no harm');
  }
});

t.test('a log stays the same one when it is rotated while it is open', async (t) => {
  const path = join(t.testdir(), 'pypi.log');
  writeFileSync(path, 'one\n');
  const log = await source.open(path);
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'other\n');
  appendFileSync(`${path}.1`, 'two\n');
  t.equal((await log.head(100)).toString(), 'one\ntwo\n');
  await log.close();
});

t.test('the logs of a series are found by its name', async (t) => {
  const names = ['pypi.log', 'pypi.log.1', 'pypi.log.2.gz', 'pypi.log-20261122.bz2', 'pypi-old.log', 'other.log.1'];
  const folder = t.testdir(Object.fromEntries(names.map((name) => [name, ''])));
  for (const name of names.slice(0, 4)) t.equal(source.series(join(folder, name)), join(folder, 'pypi.log'), name);
  t.same(
    (await source.rotated(join(folder, 'pypi.log'))).map(({ path }) => path).sort(),
    names
      .slice(0, 4)
      .map((name) => join(folder, name))
      .sort(),
  );
});

t.test('they are found in folders that are dates, and where logrotate moves them, and nowhere else', async (t) => {
  const folder = t.testdir({
    'pypi.log': '',
    2026: {
      '09': { 30: { 'pypi.log': '', 'other.log': '' } },
      10: { '01': { 'pypi.log': '' }, x: { 'pypi.log': '' } },
    },
    '2026-10-02': { 'pypi.log.gz': '' },
    old: { 'pypi.log.1': '' },
    10: { 'pypi.log': '' },
    other: { 'pypi.log': '' },
  });
  t.same((await source.rotated(join(folder, 'pypi.log'))).map(({ path }) => path.slice(folder.length + 1)).sort(), [
    '2026-10-02/pypi.log.gz',
    '2026/09/30/pypi.log',
    '2026/10/01/pypi.log',
    'old/pypi.log.1',
    'pypi.log',
  ]);
});

for (const [bytes, program, suffix, ...options] of [
  // More than a pipe holds: the program has to be stopped.
  [large, 'xz', 'xz', '-0c'],
  [content, 'xz', 'lzma', '-0c', '--format=lzma'],
  [content, 'zstd', 'zst', '-1cq'],
  [content, 'lz4', 'lz4', '-1cq'],
] as const) {
  t.test(
    `a log that is packed by ${program} as .${suffix} is read by way of that program`,
    programsOrReason(program),
    async (t) => {
      const path = join(t.testdir(), `pypi.log.2.${suffix}`);
      const pack = (input: Buffer): Buffer => spawnSync(program, options, { input, maxBuffer: 1e9 }).stdout;
      const packed = pack(bytes);
      const late = bytes.length - 10_000;
      writeFileSync(path, packed);
      t.ok((await read(path)).equals(bytes));
      t.ok((await read(path, late)).equals(bytes.subarray(late)), 'from a position');
      const log = await source.open(path);
      t.ok((await log.head(4096)).equals(bytes.subarray(0, 4096)), 'no more is unpacked than is needed');
      t.ok((await log.before(bytes.length, 100)).equals(bytes.subarray(-100)));
      t.ok((await log.end(100)).equals(bytes.subarray(-100)));
      await log.close();
      writeFileSync(path, packed.subarray(0, packed.length >> 1));
      await t.rejects(read(path), {
        name: 'UnreadableLogError',
        message: new RegExp(`^${path}: is packed by (xz|lzma|zstd|lz4), and ${program} cannot unpack it: .+$`),
      });
      writeFileSync(path, pack(Buffer.alloc(0)));
      t.equal((await read(path)).length, 0);
    },
  );
}

t.test('a log that nothing here can unpack is an UnreadableLogError that says by what it is packed', async (t) => {
  const path = join(t.testdir(), 'pypi.log.2');
  writeFileSync(path, zipSync({ 'pypi.log': content }));
  await t.rejects(read(path), { name: 'UnreadableLogError', message: `${path}: is packed by zip: unpack it first` });
  writeFileSync(path, Buffer.from('\xfd7zXZ\0...', 'latin1'));
  const { PATH = '' } = process.env;
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  process.env.PATH = '/nonexistent';
  await t.rejects(read(path), {
    name: 'UnreadableLogError',
    message: `${path}: is packed by xz, and the program xz that unpacks it is not there: install it`,
  });
});

t.test('the bytes before a position, and at the end, of plain and packed logs', async (t) => {
  const folder = t.testdir();
  const zeros = Buffer.concat([Buffer.alloc(1_200_000), content]);
  for (const [name, bytes] of [
    ['plain', zeros],
    ['packed.gz', gzipSync(zeros)],
    ['packed.bz2', await bzip2.compress(zeros)],
  ] as const) {
    writeFileSync(join(folder, name), bytes);
    const log = await source.open(join(folder, name));
    for (const position of [50, 100, 1_200_001, zeros.length - 1, zeros.length]) {
      const expected = zeros.subarray(Math.max(0, position - 100), position);
      t.ok((await log.before(position, 100)).equals(expected), `${name} ${position}`);
    }
    t.equal((await log.before(zeros.length + 30, 100)).length, 70, 'it ends sooner');
    t.equal((await log.before(zeros.length + 200, 100)).length, 0);
    t.ok((await log.end(100)).equals(zeros.subarray(-100)));
    t.ok((await log.end(1e9)).equals(zeros));
    t.ok((await log.head(4096)).equals(content.subarray(0, 4096)), 'zeros are no head');
    await log.close();
  }
});

t.test('what we compress the real bzip2 reads', needsBzip2, async (t) => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('x'), content, Buffer.alloc(120_000, 'repeated ')]) {
    const packed = bytes === content ? contentInBzip2 : await bzip2.compress(bytes);
    const { status, stdout } = spawnSync('bzip2', ['-dc'], { input: packed, maxBuffer: 1e8 });
    t.equal(status, 0);
    t.ok(stdout.equals(bytes), `${bytes.length} bytes`);
  }
});

t.test('what the real bzip2 compresses we read', needsBzip2, async (t) => {
  const folder = t.testdir();
  for (const [level, bytes] of [
    ['-1', content],
    ['-9', large],
  ] as const) {
    const path = join(folder, `${level}.bz2`);
    writeFileSync(path, spawnSync('bzip2', ['-c', level], { input: bytes, maxBuffer: 1e8 }).stdout);
    t.ok((await read(path)).equals(bytes), level);
  }
});

t.test('the library that compresses leaves the errors of the process alone', async (t) => {
  await bzip2.compress(Buffer.from('x'));
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    t.notOk(
      process.listeners(event as 'uncaughtException').some((listener) => /abort|throw \w+;?\s*}/.test(`${listener}`)),
    );
  }
});

import fc from 'fast-check';
import t from 'tap';
import { ByteTable } from '../../src/core/byte-table.ts';

function numberOf(table: ByteTable, piece: Buffer): number {
  const around = Buffer.concat([Buffer.from('..'), piece, Buffer.from('...')]);
  return table.number(around, 2, 2 + piece.length);
}

t.test('the same bytes have the same number, others another, in the order of their appearance', async () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 200 }), (arrays) => {
      const table = new ByteTable();
      const numbers = new Map<string, number>();
      for (const array of [...arrays, ...arrays]) {
        const piece = Buffer.from(array);
        const key = piece.toString('hex');
        const expected = numbers.get(key) ?? numbers.size;
        numbers.set(key, expected);
        if (numberOf(table, piece) !== expected) return false;
      }
      return table.size === numbers.size;
    }),
  );
});

t.test('numbers are exact: neither minus zero nor what is no number is taken for something else', async (t) => {
  const table = new ByteTable();
  const pieces = ['0000000000000000', '0000000000000080', 'ffffffffffffffff', 'fffffffffffffffe', '000000000000f07f'];
  const numbers = pieces.map((hex) => numberOf(table, Buffer.from(hex, 'hex')));
  t.same(numbers, [0, 1, 2, 3, 4]);
  t.same(
    pieces.map((hex) => numberOf(table, Buffer.from(hex, 'hex'))),
    numbers,
  );
});

/** Three times sixteen bytes, the second of which make good what the first changed in the hash. */
function collision(seed: number): Buffer {
  const piece = Buffer.alloc(48, 'x');
  const first = Math.imul(48 ^ seed, 0x9e3779b1);
  piece.writeInt32LE(seed, 0);
  piece.writeInt32LE(first ^ (first >>> 15), 16);
  return piece;
}

t.test('pieces that were made to have the same hash are told apart; beyond some they get new numbers', async (t) => {
  const table = new ByteTable();
  const pieces = Array.from({ length: 2000 }, (_, seed) => collision(seed));
  const numbers = pieces.map((piece) => numberOf(table, piece));
  t.equal(new Set(numbers).size, pieces.length);
  t.equal(numberOf(table, pieces[0] as Buffer), 0);
  t.equal(numberOf(table, pieces[1999] as Buffer), 2000, 'it was not looked for long');
  const { bytes } = table.piecesFrom(1999);
  t.ok(pieces[1999]?.equals(bytes.subarray(0, 48)));
  const other = Array.from({ length: 2000 }, (_, index) => numberOf(table, Buffer.from(`another piece ${index}`)));
  t.same(
    other,
    other.map((_, index) => 2001 + index),
  );
});

t.test('the pieces from a number on come one behind the other', async (t) => {
  const table = new ByteTable();
  for (const piece of ['one', '', 'three', 'four']) numberOf(table, Buffer.from(piece));
  const { first, bytes, ends } = table.piecesFrom(1);
  t.same([first, Buffer.from(bytes).toString(), [...ends]], [1, 'threefour', [0, 5, 9]]);
  t.same([...table.piecesFrom(4).ends], []);
});

t.test('many pieces, and none after it is cleared', async (t) => {
  const table = new ByteTable();
  const pieces = Array.from({ length: 50_000 }, (_, index) => Buffer.from(`pip/26.${index} {"some":"thing"}`));
  for (const [index, piece] of pieces.entries()) if (numberOf(table, piece) !== index) t.fail(`${index}`);
  t.equal(numberOf(table, Buffer.from('pip/26.777 {"some":"thing"}')), 777);
  t.ok(table.bytes > 1e6);
  table.clear();
  t.equal(table.size, 0);
  t.equal(numberOf(table, Buffer.from('pip/26.777 {"some":"thing"}')), 0);
});

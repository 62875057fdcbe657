/**
 * Takes `.bz2` files apart. They hold blocks of up to 900 kB, each of which can be read alone, but which begin at any
 * bit: 48 bits that no compressed data contains by chance announce a block, 48 others the end of a member.
 *
 *   "BZh9"  314159265359 <block's checksum> …  314159265359 …  177245385090 <member's checksum>  fill bits
 *
 * So every block is cut out and wrapped as a file of its own, and a log of any size is read with the memory for one
 * block. A member that was cut off loses its last block, no more.
 */
import { NonsenseError } from '../../core/errors.ts';

const blockMark = 0x314159265359n;
const endMark = 0x177245385090n;
const markBits = 48;
/** No block is longer, in bytes. */
const longestBlock = 1_200_000;

interface Mark {
  /** In bits from the beginning of the bytes that were searched. */
  readonly at: number;
  readonly isBlock: boolean;
}

/** The blocks in `chunks`, each as a `.bz2` file of its own. Calls `onCut` where the end is missing. Throws NonsenseError. */
export async function* bzip2Blocks(chunks: AsyncIterable<Buffer>, onCut: () => void = () => {}): AsyncIterable<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  let searched = 0;
  let open: number | undefined;
  let sinceMark = 0;
  let isWhole = false;
  // Where the latest member ends, behind its checksum, in bytes.
  let end: number | undefined;
  for await (const chunk of chunks) {
    held = Buffer.concat([held, chunk]);
    sinceMark += chunk.length;
    for (const mark of marksIn(held, searched)) {
      if (open !== undefined) yield fileOf(held, open, mark.at);
      open = mark.isBlock ? mark.at : undefined;
      isWhole = !mark.isBlock;
      end = mark.isBlock ? undefined : Math.ceil((mark.at + markBits + 32) / 8);
      sinceMark = held.length - (mark.at >> 3);
    }
    // A mark may have begun within the last bytes.
    searched = Math.max(0, held.length - 6);
    const keep = open === undefined ? Math.min(end ?? searched, searched) : open >> 3;
    held = Buffer.from(held.subarray(keep));
    searched = Math.max(0, searched - keep);
    if (open !== undefined) open -= keep * 8;
    if (end !== undefined) end -= keep;
    if (sinceMark > longestBlock) throw new NonsenseError('not valid bzip2 (a block without end)');
  }
  const behind = end === undefined ? '' : held.toString('latin1', end);
  if (!isWhole || beginning.test(behind)) onCut();
  else if (!/^\0*$/.test(behind)) throw new NonsenseError('behind the end of valid bzip2 there is something else');
}

/** Of another member, before its first mark. */
const beginning = /^B(?:Z(?:h.{0,7})?)?$/s;

/** The content of a whole `.bz2` file of any number of members. Throws NonsenseError. */
export async function decompressAll(bytes: Buffer, decompress: (file: Buffer) => Promise<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const file of bzip2Blocks(piecesOf(bytes))) pieces.push(await decompress(file));
  return Buffer.concat(pieces);
}

async function* piecesOf(bytes: Buffer): AsyncIterable<Buffer> {
  for (let at = 0; at < bytes.length; at += 1 << 18) yield bytes.subarray(at, at + (1 << 18));
}

/** What a mark looks like when it begins `shift` bits behind the beginning of seven bytes. */
const patterns = [blockMark, endMark].flatMap((mark) =>
  [0, 1, 2, 3, 4, 5, 6, 7].map((shift) => ({
    isBlock: mark === blockMark,
    shift,
    value: mark << BigInt(8 - shift),
    mask: ((1n << BigInt(markBits)) - 1n) << BigInt(8 - shift),
  })),
);
/** By the value of the third of the seven bytes, which every pattern fills: the patterns that have it there. */
const byThirdByte = Array.from({ length: 256 }, (_, byte) =>
  patterns.filter(({ value }) => Number((value >> 32n) & 0xffn) === byte),
);

function* marksIn(bytes: Buffer, from: number): IterableIterator<Mark> {
  for (let at = from; at + 7 <= bytes.length; at += 1) {
    const possible = byThirdByte[bytes[at + 2] as number] ?? [];
    if (possible.length === 0) continue;
    // Seven bytes are three bits more than a number holds exactly.
    const seven = (BigInt(bytes.readUIntBE(at, 6)) << 8n) | BigInt(bytes[at + 6] as number);
    const found = possible.find(({ value, mask }) => (seven & mask) === value);
    if (found !== undefined) yield { at: at * 8 + found.shift, isBlock: found.isBlock };
  }
}

/** The bits from `start` to `end`, which are one block, as a file. */
function fileOf(bytes: Buffer, start: number, end: number): Buffer {
  const bits = end - start;
  const block = shifted(bytes, start, bits);
  const checksum = block.subarray(6, 10);
  const file = Buffer.alloc(4 + Math.ceil((bits + markBits + 32) / 8));
  file.write('BZh9', 'latin1');
  block.copy(file, 4);
  const tail = Buffer.alloc(10);
  tail.writeUIntBE(Number(endMark), 0, 6);
  checksum.copy(tail, 6);
  const at = 4 + (bits >> 3);
  const shift = bits & 7;
  tail.forEach((byte, index) => {
    file[at + index] = (file[at + index] as number) | (byte >> shift);
    if (shift > 0) file[at + index + 1] = (byte << (8 - shift)) & 0xff;
  });
  return file;
}

/** `bits` bits from the bit `start` on, moved to the beginning of a byte; the rest of the last byte is zero. */
function shifted(bytes: Buffer, start: number, bits: number): Buffer {
  const from = start >> 3;
  const shift = start & 7;
  const result = Buffer.alloc(Math.ceil(bits / 8));
  for (let at = 0; at < result.length; at += 1) {
    const next = bytes[from + at + 1] ?? 0;
    result[at] = (((bytes[from + at] as number) << shift) | (next >> (8 - shift))) & 0xff;
  }
  const rest = bits & 7;
  if (rest > 0) result[result.length - 1] = (result[result.length - 1] as number) & (0xff << (8 - rest));
  return result;
}

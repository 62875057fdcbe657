/**
 * Splits `.bz2` files into blocks of up to 900 kB. Each block can be unpacked alone, but may begin at any bit. A mark
 * of 48 bits, which compressed data does not contain by chance, begins a block; another one ends a member.
 *
 *     "BZh9"  314159265359 <block's checksum> …  314159265359 …  177245385090 <member's checksum>  fill bits
 *
 * Every block is cut out and wrapped as a file of its own, so a log of any size is read with the memory for one block.
 * A member that was cut off loses only its last block.
 */
import { NonsenseError } from '../../core/errors.ts';

const blockMark = 0x314159265359n;
const endMark = 0x177245385090n;
const markBits = 48;
/** Upper bound for the size of a compressed block, in bytes. */
const maxBlockBytes = 1_200_000;

interface Mark {
  /** Offset in bits from the beginning of the bytes that were searched. */
  readonly at: number;
  readonly isBlock: boolean;
}

/**
 * Yields the blocks in `chunks`, each as a `.bz2` file of its own. Calls `onCut` if the end is missing. Throws
 * NonsenseError.
 */
export async function* bzip2Blocks(chunks: AsyncIterable<Buffer>, onCut: () => void = () => {}): AsyncIterable<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  let searched = 0;
  let open: number | undefined;
  let sinceMark = 0;
  let isWhole = false;
  // Offset in bytes of the end of the latest member, after its checksum.
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
    if (sinceMark > maxBlockBytes) throw new NonsenseError('not valid bzip2 (a block without end)');
  }
  const behind = end === undefined ? '' : held.toString('latin1', end);
  if (!isWhole || beginning.test(behind)) onCut();
  else if (!/^\0*$/.test(behind)) throw new NonsenseError('behind the end of valid bzip2 there is something else');
}

/** Matches the beginning of another member, up to its first mark. */
const beginning = /^B(?:Z(?:h.{0,7})?)?$/s;

/** Returns the content of a complete `.bz2` file with any number of members. Throws NonsenseError. */
export async function decompressAll(bytes: Buffer, decompress: (file: Buffer) => Promise<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const file of bzip2Blocks(piecesOf(bytes))) pieces.push(await decompress(file));
  return Buffer.concat(pieces);
}

async function* piecesOf(bytes: Buffer): AsyncIterable<Buffer> {
  for (let at = 0; at < bytes.length; at += 1 << 18) yield bytes.subarray(at, at + (1 << 18));
}

/** The bits of each mark if it begins `shift` bits after the beginning of seven bytes. */
const patterns = [blockMark, endMark].flatMap((mark) =>
  [0, 1, 2, 3, 4, 5, 6, 7].map((shift) => ({
    isBlock: mark === blockMark,
    shift,
    value: mark << BigInt(8 - shift),
    mask: ((1n << BigInt(markBits)) - 1n) << BigInt(8 - shift),
  })),
);
/** The patterns by the value of the third of the seven bytes, which every pattern fills completely. */
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

/** Returns the bits from `start` to `end`, which are one block, as a `.bz2` file. */
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

/** Returns `bits` bits from bit `start` on, moved to the beginning of a byte. The rest of the last byte is zero. */
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

/** Lists the files in a zip by the central directory at its end. Nothing else of the zip is read. */

/** Reads the bytes of a file from `start` to before `end`. Returns fewer bytes if the file ends earlier. */
export type ReadBytes = (start: number, end: number) => Promise<Uint8Array>;

/** One file in a zip. */
export interface ZipEntry {
  readonly name: string;
  /** The compression method: 0 is stored, 8 is deflated. */
  readonly method: number;
  /** The compressed size in bytes; `size` is the uncompressed size. */
  readonly packed: number;
  readonly size: number;
  /** The position of the local header. */
  readonly at: number;
}

const endBytes = 22;
const maxCommentBytes = 65_535;
const maxDirectoryBytes = 64 << 20;
const endMark = 0x06054b50;
const endMark64 = 0x06064b50;
const locatorMark64 = 0x07064b50;
const entryMark = 0x02014b50;
const localMark = 0x04034b50;
const overflow = 0xffffffff;

/**
 * Returns the entries of a zip file of `size` bytes whose names `isWanted` accepts, or undefined if it is not a zip
 * file.
 */
export async function zipEntries(
  size: number,
  read: ReadBytes,
  isWanted: (name: string) => boolean,
): Promise<ZipEntry[] | undefined> {
  const start = Math.max(0, size - endBytes - maxCommentBytes);
  const tail = viewOf(await read(start, size));
  const end = lastMark(tail);
  if (end === undefined) return undefined;
  const where = (await directory64(tail, end, read)) ?? {
    bytes: tail.getUint32(end + 12, true),
    at: tail.getUint32(end + 16, true),
  };
  if (where.bytes > maxDirectoryBytes || where.at + where.bytes > size) return undefined;
  return entriesIn(viewOf(await read(where.at, where.at + where.bytes)), isWanted);
}

/** Returns the compressed bytes of an entry, or undefined if they are not where the directory says. */
export async function packedBytes({ at, packed }: ZipEntry, read: ReadBytes): Promise<Uint8Array | undefined> {
  const header = viewOf(await read(at, at + 30));
  if (header.byteLength < 30 || header.getUint32(0, true) !== localMark) return undefined;
  const from = at + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const bytes = await read(from, from + packed);
  return bytes.length === packed ? bytes : undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Returns the position of the last end record, or undefined. A comment may follow the record. */
function lastMark(tail: DataView): number | undefined {
  for (let at = tail.byteLength - endBytes; at >= 0; at -= 1) if (tail.getUint32(at, true) === endMark) return at;
  return undefined;
}

/** Returns the position and size of the central directory of a zip64 file, or undefined for a plain zip. */
async function directory64(
  tail: DataView,
  end: number,
  read: ReadBytes,
): Promise<{ readonly bytes: number; readonly at: number } | undefined> {
  const locator = end - 20;
  if (locator < 0 || tail.getUint32(locator, true) !== locatorMark64) return undefined;
  const at = Number(tail.getBigUint64(locator + 8, true));
  const record = viewOf(await read(at, at + 56));
  if (record.byteLength < 56 || record.getUint32(0, true) !== endMark64) return undefined;
  return { bytes: Number(record.getBigUint64(40, true)), at: Number(record.getBigUint64(48, true)) };
}

function entriesIn(directory: DataView, isWanted: (name: string) => boolean): ZipEntry[] {
  const found: ZipEntry[] = [];
  const decoder = new TextDecoder();
  for (let at = 0; at + 46 <= directory.byteLength && directory.getUint32(at, true) === entryMark; ) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((place) => directory.getUint16(at + place, true));
    const next = at + 46 + (nameBytes ?? 0) + (extraBytes ?? 0) + (commentBytes ?? 0);
    if (next > directory.byteLength) return found;
    const name = decoder.decode(new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameBytes));
    // A size or position too large for 32 bits is 0xffffffff here, and stands in the extra field instead.
    const [packed = 0, size = 0, offset = 0] = [20, 24, 42].map((place) => directory.getUint32(at + place, true));
    const method = directory.getUint16(at + 10, true);
    const extra = at + 46 + (nameBytes ?? 0);
    const place = offset === overflow ? offset64(directory, extra, extraBytes ?? 0, packed, size) : offset;
    if (isWanted(name) && place !== undefined) found.push({ name, method, packed, size, at: place });
    at = next;
  }
  return found;
}

/** Returns the 64-bit position from the extra field. Sizes that overflow 32 bits come before it, eight bytes each. */
function offset64(directory: DataView, extra: number, bytes: number, packed: number, size: number): number | undefined {
  for (let at = extra; at + 4 <= extra + bytes; at += 4 + directory.getUint16(at + 2, true)) {
    if (directory.getUint16(at, true) !== 1) continue;
    const before = [size, packed].filter((value) => value === overflow).length * 8;
    const place = at + 4 + before;
    return place + 8 <= extra + bytes ? Number(directory.getBigUint64(place, true)) : undefined;
  }
  return undefined;
}

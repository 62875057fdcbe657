/** Texts that people write with any editor: a byte order mark, or a first line of Python's kind, tells their encoding. */

interface Encoding {
  readonly mark: readonly number[];
  readonly decode: (bytes: Uint8Array) => string;
}

/** The mark of UTF-32 begins with that of UTF-16. */
const marked: readonly Encoding[] = [
  { mark: [0xff, 0xfe, 0, 0], decode: (bytes) => decodeUtf32(bytes, true) },
  { mark: [0, 0, 0xfe, 0xff], decode: (bytes) => decodeUtf32(bytes, false) },
  { mark: [0xef, 0xbb, 0xbf], decode: (bytes) => new TextDecoder().decode(bytes) },
  { mark: [0xff, 0xfe], decode: (bytes) => new TextDecoder('utf-16le').decode(bytes) },
  { mark: [0xfe, 0xff], decode: (bytes) => new TextDecoder('utf-16be').decode(bytes) },
];

/** The comment of PEP 263, in one of the first two lines. */
const coding = /^(?:[^\n]*\n)?#[^\n]*?coding[:=][ \t]*([-\w.]+)/;
const furthest = 1000;

/** The text that `bytes` are, without its byte order mark: UTF-8 unless they say otherwise. */
export function decodeText(bytes: Uint8Array): string {
  const found = marked.find(({ mark }) => mark.every((byte, at) => bytes[at] === byte));
  if (found !== undefined) return found.decode(bytes.subarray(found.mark.length));
  const [, label = 'utf-8'] = coding.exec(new TextDecoder('latin1').decode(bytes.subarray(0, furthest))) ?? [];
  return decodeAs(label, bytes);
}

/** As UTF-8 for a name that nobody knows. Python's `latin-1` is `latin1` elsewhere. */
function decodeAs(label: string, bytes: Uint8Array): string {
  for (const name of [label.replaceAll('_', '-'), label.replaceAll(/[-_]/g, ''), 'utf-8']) {
    try {
      return new TextDecoder(name).decode(bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return '';
}

/** What is no character becomes the one that stands for such. */
function decodeUtf32(bytes: Uint8Array, littleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: string[] = [];
  for (let at = 0; at + 4 <= bytes.byteLength; at += 4) {
    const point = view.getUint32(at, littleEndian);
    const isCharacter = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    pieces.push(isCharacter ? String.fromCodePoint(point) : '\ufffd');
  }
  return pieces.join('');
}

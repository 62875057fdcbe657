/**
 * Decodes texts that people write with any editor. A byte order mark or a coding comment (PEP 263) names the encoding.
 */

interface Encoding {
  readonly mark: readonly number[];
  readonly decode: (bytes: Uint8Array) => string;
}

/** UTF-32 comes first because its byte order mark begins with that of UTF-16. */
const marked: readonly Encoding[] = [
  { mark: [0xff, 0xfe, 0, 0], decode: (bytes) => decodeUtf32(bytes, true) },
  { mark: [0, 0, 0xfe, 0xff], decode: (bytes) => decodeUtf32(bytes, false) },
  { mark: [0xef, 0xbb, 0xbf], decode: (bytes) => new TextDecoder().decode(bytes) },
  { mark: [0xff, 0xfe], decode: (bytes) => new TextDecoder('utf-16le').decode(bytes) },
  { mark: [0xfe, 0xff], decode: (bytes) => new TextDecoder('utf-16be').decode(bytes) },
];

/** The coding comment of PEP 263, in one of the first two lines. */
const coding = /^(?:[^\n]*\n)?#[^\n]*?coding[:=][ \t]*([-\w.]+)/;
const furthest = 1000;

/** Returns `bytes` as text, without a byte order mark. The encoding is UTF-8 unless the bytes name another one. */
export function decodeText(bytes: Uint8Array): string {
  const found = marked.find(({ mark }) => mark.every((byte, at) => bytes[at] === byte));
  if (found !== undefined) return found.decode(bytes.subarray(found.mark.length));
  const [, label = 'utf-8'] = coding.exec(new TextDecoder('latin1').decode(bytes.subarray(0, furthest))) ?? [];
  return decodeAs(label, bytes);
}

/** Decodes as UTF-8 if the name is unknown. Python's `latin-1` is called `latin1` elsewhere. */
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

/** Decodes UTF-32. A number that is no character becomes U+FFFD. */
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

/**
 * Extracts files from a tar that arrives in pieces. A name too long for a header stands before it, as GNU or pax write
 * it.
 */

const blockBytes = 512;
/**
 * Bytes. Larger entries are skipped: the wanted files are text of about a page, and names are no longer than a path.
 */
const maxEntryBytes = 4 << 20;

/** The use of an entry's bytes. */
type Use = 'name' | 'pax' | 'content' | 'nothing';

export class TarEntries {
  readonly #isWanted: (name: string) => boolean;
  readonly #found = new Map<string, Uint8Array>();
  #rest: Uint8Array = new Uint8Array();
  /** The current entry. */
  #use: Use = 'nothing';
  #name = '';
  #left = 0;
  #padding = 0;
  #pieces: Uint8Array[] = [];
  /** The name of the next entry, if it was given before its header. */
  #longName: string | undefined;

  constructor(isWanted: (name: string) => boolean) {
    this.#isWanted = isWanted;
  }

  /** The wanted files found so far, by name. */
  get found(): ReadonlyMap<string, Uint8Array> {
    return this.#found;
  }

  /** Reads the next piece of the tar. */
  push(piece: Uint8Array): void {
    let bytes = this.#rest.length === 0 ? piece : joined([this.#rest, piece]);
    for (;;) {
      if (this.#left > 0 || this.#padding > 0) {
        bytes = this.#take(bytes);
        if (this.#left > 0 || this.#padding > 0) break;
      } else if (bytes.length < blockBytes) break;
      else {
        this.#begin(bytes.subarray(0, blockBytes));
        bytes = bytes.subarray(blockBytes);
      }
    }
    // Copied, because the caller may reuse the piece.
    this.#rest = new Uint8Array(bytes);
  }

  /** Consumes the bytes of the current entry, and returns the rest. */
  #take(bytes: Uint8Array): Uint8Array {
    const content = bytes.subarray(0, this.#left);
    if (this.#use !== 'nothing') this.#pieces.push(new Uint8Array(content));
    this.#left -= content.length;
    const behind = bytes.subarray(content.length);
    if (this.#left > 0) return behind;
    if (this.#pieces.length > 0 || this.#use !== 'nothing') this.#end();
    const padding = Math.min(behind.length, this.#padding);
    this.#padding -= padding;
    return behind.subarray(padding);
  }

  #begin(header: Uint8Array): void {
    const size = numberIn(header.subarray(124, 136));
    const type = String.fromCharCode(header[156] ?? 0);
    this.#name = this.#longName ?? nameIn(header);
    this.#use = this.#useOf(type, size);
    if (this.#use !== 'name' && this.#use !== 'pax') this.#longName = undefined;
    this.#pieces = [];
    this.#left = size;
    this.#padding = (blockBytes - (size % blockBytes)) % blockBytes;
    if (size === 0 && this.#use !== 'nothing') this.#end();
  }

  #useOf(type: string, size: number): Use {
    if (size > maxEntryBytes) return 'nothing';
    if (type === 'L') return 'name';
    if (type === 'x') return 'pax';
    const isFile = type === '0' || type === '\0';
    return isFile && !this.#found.has(this.#name) && this.#isWanted(this.#name) ? 'content' : 'nothing';
  }

  #end(): void {
    const bytes = joined(this.#pieces);
    if (this.#use === 'content') this.#found.set(this.#name, bytes);
    if (this.#use === 'name') this.#longName = textOf(bytes);
    if (this.#use === 'pax') this.#longName = paxPath(textOf(bytes)) ?? this.#longName;
    this.#use = 'nothing';
    this.#pieces = [];
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Decodes up to the first zero byte. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Reads a number, which is octal, or binary if it is large. */
function numberIn(field: Uint8Array): number {
  if (((field[0] ?? 0) & 0x80) !== 0) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  const value = Number.parseInt(textOf(field).trim(), 8);
  return Number.isFinite(value) && value > 0 ? value : 0;
}

function nameIn(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100));
  const isUstar = textOf(header.subarray(257, 262)) === 'ustar';
  const prefix = isUstar && header[262] === 0 ? textOf(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Returns the path in pax records, which have the form `length key=value\n`. */
function paxPath(text: string): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(text)?.[1];
}

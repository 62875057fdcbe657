/** Assigns numbers to byte strings, so that a string that repeats a million times is decoded to text once. */

/** Byte strings, concatenated. They are plain data, because they may be sent to another thread. */
export interface BytePieces {
  /** The number of the first byte string. */
  readonly first: number;
  readonly bytes: Uint8Array;
  /** The end of each byte string in `bytes`. */
  readonly ends: Int32Array;
}

/**
 * The number of slots that a search inspects. Byte strings made to have equal hashes get a new number each, instead of
 * a search that takes long.
 */
const maxSearchLength = 32;

export class ByteTable {
  /**
   * Alternating: the number of a byte string plus 1, and its hash. They are adjacent so that a search stays within
   * nearby memory.
   */
  #slots = new Int32Array(2048);
  #hashes = new Int32Array(512);
  #ends = new Int32Array(512);
  #bytes = Buffer.alloc(64 * 1024);
  #own = viewOf(this.#bytes);
  #view = this.#own;
  #viewed: Buffer = this.#bytes;
  #count = 0;

  /** The number of numbers assigned. */
  get size(): number {
    return this.#count;
  }

  /** The total length of the byte strings, in bytes. */
  get bytes(): number {
    return this.#end(this.#count - 1);
  }

  /** Returns a copy of the byte strings from the number `first` on. */
  piecesFrom(first: number): BytePieces {
    const start = this.#end(first - 1);
    return {
      first,
      bytes: new Uint8Array(this.#bytes.subarray(start, this.bytes)),
      ends: this.#ends.slice(first, this.#count).map((end) => end - start),
    };
  }

  /**
   * Returns the number of a byte string: 0, 1, 2, … in the order of first appearance. Equal numbers mean equal strings.
   * Equal strings have equal numbers, except some that were made to have the hash of many others.
   */
  number(bytes: Buffer, start: number, end: number): number {
    if (bytes !== this.#viewed) {
      this.#viewed = bytes;
      this.#view = viewOf(bytes);
    }
    const hash = this.#hash(start, end);
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = (hash << 1) & mask, tries = 0; tries < maxSearchLength; slot = (slot + 2) & mask, tries += 1) {
      const number = (slots[slot] as number) - 1;
      if (number < 0) {
        slots[slot] = this.#count + 1;
        slots[slot + 1] = hash;
        return this.#add(hash, start, end);
      }
      if (slots[slot + 1] === hash && this.#equals(number, start, end)) return number;
    }
    return this.#add(hash, start, end);
  }

  clear(): void {
    this.#slots.fill(0);
    this.#count = 0;
  }

  #end(number: number): number {
    return number < 0 ? 0 : (this.#ends[number] as number);
  }

  #hash(start: number, end: number): number {
    const view = this.#view;
    let one = end - start;
    let two = 0;
    let three = 0;
    let four = 0;
    let at = start;
    for (; at + 16 <= end; at += 16) {
      one = Math.imul(one ^ view.getInt32(at, true), 0x9e3779b1);
      two = Math.imul(two ^ view.getInt32(at + 4, true), 0x85ebca6b);
      three = Math.imul(three ^ view.getInt32(at + 8, true), 0x9e3779b1);
      four = Math.imul(four ^ view.getInt32(at + 12, true), 0x85ebca6b);
      one ^= one >>> 15;
      two ^= two >>> 15;
      three ^= three >>> 15;
      four ^= four >>> 15;
    }
    if (end - start >= 16) {
      one = Math.imul(one ^ view.getInt32(end - 16, true), 0x9e3779b1);
      two = Math.imul(two ^ view.getInt32(end - 12, true), 0x85ebca6b);
      three = Math.imul(three ^ view.getInt32(end - 8, true), 0x9e3779b1);
      four = Math.imul(four ^ view.getInt32(end - 4, true), 0x85ebca6b);
    } else for (; at < end; at += 1) one = Math.imul(one ^ view.getUint8(at), 0x01000193);
    one = Math.imul(one ^ (one >>> 15) ^ three, 0xc2b2ae35);
    two = Math.imul(two ^ (two >>> 15) ^ four, 0x27d4eb2f);
    const hash = one ^ (one >>> 16) ^ two;
    return hash ^ (hash >>> 13);
  }

  #equals(number: number, start: number, end: number): boolean {
    const from = this.#end(number - 1);
    if (this.#end(number) - from !== end - start) return false;
    const view = this.#view;
    const own = this.#own;
    const shift = from - start;
    let at = start;
    for (; at + 16 <= end; at += 16) if (differ(view, at, own, at + shift)) return false;
    if (end - start >= 16) return !differ(view, end - 16, own, end - 16 + shift);
    for (; at < end; at += 1) if (view.getUint8(at) !== own.getUint8(at + shift)) return false;
    return true;
  }

  #add(hash: number, start: number, end: number): number {
    const number = this.#count;
    const from = this.#end(number - 1);
    const to = from + end - start;
    if (to > this.#bytes.length) this.#grow(to);
    if (number === this.#ends.length) {
      this.#ends = doubled(this.#ends);
      this.#hashes = doubled(this.#hashes);
    }
    this.#viewed.copy(this.#bytes, from, start, end);
    this.#ends[number] = to;
    this.#hashes[number] = hash;
    this.#count += 1;
    if (this.#count * 4 > this.#slots.length) this.#rehash();
    return number;
  }

  #grow(needed: number): void {
    const larger = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger);
    this.#bytes = larger;
    this.#own = viewOf(larger);
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let number = 0; number < this.#count; number += 1) {
      const hash = this.#hashes[number] as number;
      let slot = (hash << 1) & mask;
      let tries = 0;
      for (; this.#slots[slot] !== 0 && tries < maxSearchLength; tries += 1) slot = (slot + 2) & mask;
      if (tries === maxSearchLength) continue;
      this.#slots[slot] = number + 1;
      this.#slots[slot + 1] = hash;
    }
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function differ(view: DataView, at: number, own: DataView, ownAt: number): boolean {
  return (
    ((view.getInt32(at, true) ^ own.getInt32(ownAt, true)) |
      (view.getInt32(at + 4, true) ^ own.getInt32(ownAt + 4, true)) |
      (view.getInt32(at + 8, true) ^ own.getInt32(ownAt + 8, true)) |
      (view.getInt32(at + 12, true) ^ own.getInt32(ownAt + 12, true))) !==
    0
  );
}

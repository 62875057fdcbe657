/** Numbers for pieces of bytes, so that what repeats a million times becomes text once. */

/** Whoever sends pieces with equal hashes on purpose gets them left unnumbered, instead of a search that takes long. */
const longestSearch = 32;

export class ByteTable {
  #slots = new Int32Array(1024);
  #hashes = new Int32Array(512);
  #ends = new Int32Array(512);
  #bytes = Buffer.alloc(64 * 1024);
  #own = viewOf(this.#bytes);
  #view = this.#own;
  #viewed: Buffer = this.#bytes;
  #count = 0;

  /** How many pieces have a number. */
  get size(): number {
    return this.#count;
  }

  /** Bytes that the pieces take. */
  get bytes(): number {
    return this.#end(this.#count - 1);
  }

  /** The number of a piece: 0, 1, 2, … in the order of their first appearance; -1 for one that gets none. */
  number(bytes: Buffer, start: number, end: number): number {
    if (bytes !== this.#viewed) {
      this.#viewed = bytes;
      this.#view = viewOf(bytes);
    }
    const hash = this.#hash(start, end);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask, tries = 0; tries < longestSearch; slot = (slot + 1) & mask, tries += 1) {
      const number = (this.#slots[slot] as number) - 1;
      if (number < 0) return this.#add(slot, hash, start, end);
      if (this.#hashes[number] === hash && this.#equals(number, start, end)) return number;
    }
    return -1;
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
    // Two at a time, as neither has to wait for the other.
    let one = end - start;
    let two = 0;
    let at = start;
    for (; at + 8 <= end; at += 8) {
      one = Math.imul(one ^ view.getInt32(at, true), 0x9e3779b1);
      two = Math.imul(two ^ view.getInt32(at + 4, true), 0x85ebca6b);
      one ^= one >>> 15;
      two ^= two >>> 15;
    }
    for (; at < end; at += 1) one = Math.imul(one ^ view.getUint8(at), 0x01000193);
    const hash = one ^ Math.imul(two, 0xc2b2ae35);
    return hash ^ (hash >>> 13);
  }

  #equals(number: number, start: number, end: number): boolean {
    const from = this.#end(number - 1);
    if (this.#end(number) - from !== end - start) return false;
    const view = this.#view;
    const own = this.#own;
    const shift = from - start;
    let at = start;
    // As numbers of eight bytes: several times as fast as anything else. But 0 equals -0, and NaN not even itself.
    for (; at + 8 <= end; at += 8) {
      const theirs = view.getFloat64(at, true);
      const ours = own.getFloat64(at + shift, true);
      if (theirs === ours && theirs !== 0) continue;
      if (theirs !== ours && !(Number.isNaN(theirs) && Number.isNaN(ours))) return false;
      return this.#viewed.compare(this.#bytes, from, this.#end(number), start, end) === 0;
    }
    for (; at < end; at += 1) if (view.getUint8(at) !== own.getUint8(at + shift)) return false;
    return true;
  }

  #add(slot: number, hash: number, start: number, end: number): number {
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
    this.#slots[slot] = number + 1;
    this.#count += 1;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
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
      let slot = (this.#hashes[number] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
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

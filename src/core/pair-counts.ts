/** Counts pairs of small numbers. It uses one typed array, because there may be millions of pairs. */

/**
 * The words of an entry: the first number, the second, the count, and an unused one that aligns entries to cache lines.
 */
const width = 4;

export class PairCounts {
  #table = new Int32Array(1024 * width);
  #size = 0;

  /** The number of different pairs. */
  get size(): number {
    return this.#size;
  }

  add(first: number, second: number): void {
    const table = this.#table;
    const at = placeOf(table, first, second);
    if (table[at + 2] === 0) {
      table[at] = first;
      table[at + 1] = second;
      this.#size += 1;
    }
    table[at + 2] = (table[at + 2] as number) + 1;
    if (this.#size * width * 4 > table.length * 3) this.#grow();
  }

  /** Returns each pair and its count as three consecutive numbers. */
  triples(): Int32Array<ArrayBuffer> {
    const table = this.#table;
    const triples = new Int32Array(this.#size * 3);
    let to = 0;
    for (let at = 0; at < table.length; at += width) {
      if (table[at + 2] === 0) continue;
      for (let word = 0; word < 3; word += 1) triples[to + word] = table[at + word] as number;
      to += 3;
    }
    return triples;
  }

  #grow(): void {
    const larger = new Int32Array(this.#table.length * 2);
    for (let old = 0; old < this.#table.length; old += width) {
      if (this.#table[old + 2] === 0) continue;
      const at = placeOf(larger, this.#table[old] as number, this.#table[old + 1] as number);
      for (let word = 0; word < width; word += 1) larger[at + word] = this.#table[old + word] as number;
    }
    this.#table = larger;
  }
}

/** Returns the position of the entry of the pair, or of the free one where it belongs. */
function placeOf(table: Int32Array, first: number, second: number): number {
  const mask = table.length / width - 1;
  const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  let place = (mixed ^ (mixed >>> 15)) & mask;
  for (;;) {
    const at = place * width;
    if (table[at + 2] === 0 || (table[at] === first && table[at + 1] === second)) return at;
    place = (place + 1) & mask;
  }
}

/** Estimates the memory that JSON will take, without parsing it. */

/** Bytes that a value takes at most, on average: an empty object and its slot in a list. */
const bytesPerValue = 64;
/** The number of copies in memory: the text itself, and the pages made from it. */
const copies = 3;
const [comma, bracket, brace] = [0x2c, 0x5b, 0x7b];

/** Estimates the memory for JSON that comes piece by piece. */
export class JsonScale {
  bytes = 0;
  #values = 0;

  add(piece: Uint8Array): void {
    this.bytes += piece.length;
    for (const byte of piece) if (byte === comma || byte === bracket || byte === brace) this.#values += 1;
  }

  /** The estimated bytes of the JSON once it is parsed, including what is made from it. */
  get weight(): number {
    return this.bytes * copies + this.#values * bytesPerValue;
  }
}

/** Returns the estimated bytes of `json` once it is parsed, including what is made from it. */
export function jsonWeight(json: Uint8Array): number {
  const scale = new JsonScale();
  scale.add(json);
  return scale.weight;
}

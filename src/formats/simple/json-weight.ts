/** The memory that JSON takes, without reading it. */

/** What a value takes at most, on the average: an empty object, and its place in a list. */
const bytesPerValue = 64;
/** The text, and the pages that are made of it. */
const copies = 3;
const [comma, bracket, brace] = [0x2c, 0x5b, 0x7b];

/** Weighs JSON that comes piece by piece. */
export class JsonScale {
  bytes = 0;
  #values = 0;

  add(piece: Uint8Array): void {
    this.bytes += piece.length;
    for (const byte of piece) if (byte === comma || byte === bracket || byte === brace) this.#values += 1;
  }

  /** About how many bytes it takes once it is parsed, with what is made of it. */
  get weight(): number {
    return this.bytes * copies + this.#values * bytesPerValue;
  }
}

/** About how many bytes `json` takes once it is parsed, with what is made of it. */
export function jsonWeight(json: Uint8Array): number {
  const scale = new JsonScale();
  scale.add(json);
  return scale.weight;
}

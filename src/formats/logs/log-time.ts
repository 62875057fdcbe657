/** Reads Apache's time stamps, `[22/Nov/2026:15:09:45 +0000]`. */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const zero = 0x30;

export class LogTimeReader {
  /** The last date read, as its three 32-bit words: nearly every line has the same date as the line before. */
  #first = 0;
  #second = 0;
  #third = 0;
  #midnight = Number.NaN;

  /**
   * Returns the seconds since 1970 of the time stamp with its bracket at `at`, or undefined unless it is valid and
   * followed by a space and a quote.
   */
  read(bytes: Buffer, at: number): number | undefined {
    if (bytes[at + 3] !== 0x2f || bytes[at + 27] !== 0x5d || bytes[at + 28] !== 0x20 || bytes[at + 29] !== 0x22) {
      return undefined;
    }
    const midnight = this.#midnightOf(bytes, at);
    const hour = pair(bytes, at + 13);
    const minute = pair(bytes, at + 16);
    const second = pair(bytes, at + 19);
    const zone = pair(bytes, at + 23) * 60 + pair(bytes, at + 25);
    // A leap second has the number 60. NaN fails each comparison.
    if (!(hour < 24 && minute < 60 && second < 61 && zone <= 24 * 60)) return undefined;
    const ahead = bytes[at + 22] === 0x2d ? -zone : zone;
    const seconds = midnight + hour * 3600 + minute * 60 + second - ahead * 60;
    return Number.isNaN(seconds) ? undefined : seconds;
  }

  #midnightOf(bytes: Buffer, at: number): number {
    const first = word(bytes, at + 1);
    const second = word(bytes, at + 5);
    const third = word(bytes, at + 9);
    if (first !== this.#first || second !== this.#second || third !== this.#third) {
      this.#first = first;
      this.#second = second;
      this.#third = third;
      this.#midnight = readDate(bytes.toString('latin1', at + 1, at + 13));
    }
    return this.#midnight;
  }
}

/** Returns the seconds since 1970 of `22/Nov/2026:`, or NaN. */
function readDate(text: string): number {
  const [, day = '', name = '', year = ''] = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):$/.exec(text) ?? [];
  const month = months.indexOf(name);
  const midnight = Date.UTC(Number(year), month, Number(day));
  const exists = month >= 0 && new Date(midnight).getUTCDate() === Number(day);
  return exists ? midnight / 1000 : Number.NaN;
}

/** Returns two digits as a number, or NaN. */
function pair(bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - zero;
  const ones = (bytes[at + 1] as number) - zero;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function word(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

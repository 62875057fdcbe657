/** Foreign JSON: `unknown` until looked at. */
import { messageOf } from '../core/caught-error.ts';
import { NonsenseError } from '../core/errors.ts';

/** A JSON object whose members have not been looked at. */
export type JsonObject = { readonly [key: string]: unknown };

/** True for `{…}`; false for null, arrays and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value`, which came from `source`, as JSON text. Throws {@link NonsenseError} when it is nested without end. */
export function renderJson(value: unknown, source: string): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    // JSON.parse reads any depth, JSON.stringify is limited by the stack.
    if (cause instanceof RangeError) throw new NonsenseError(`${source}: nested too deeply`, { cause });
    throw cause;
  }
}

/**
 * A page of PyPI has 15 values per file, and no project ever had 40,000 files. Brackets alone would unfold to fifty times
 * their size in memory, and take minutes, so that a hostile page of some megabytes could end the process.
 */
const maxValues = 3_000_000;
/** A text that is shorter cannot do harm. */
const harmless = 1 << 20;

/** The value that `text`, which came from `source`, spells. Throws {@link NonsenseError}. */
export function parseJson(text: string, source: string): unknown {
  if (text.length > harmless && countValues(text) > maxValues) {
    throw new NonsenseError(`${source}: more than ${maxValues} values`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NonsenseError(`${source}: not JSON (${messageOf(cause, 'unreadable')})`, {
      cause,
    });
  }
}

/** At least as many values as `text` has: each follows a bracket, a brace or a comma. */
function countValues(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x2c || code === 0x5b || code === 0x7b) count += 1;
  }
  return count;
}

/** Serials come as numbers, from bandersnatch as strings; anything else is no serial. */
export function serialOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** JSON from elsewhere: its values are `unknown` until they are inspected. */
import { messageOf } from '../core/caught-error.ts';
import { NonsenseError } from '../core/errors.ts';

/** A JSON object whose members have not been inspected. */
export type JsonObject = { readonly [key: string]: unknown };

/** Returns true for `{…}`, and false for null, arrays and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Returns `value` as JSON text. `source` says in errors where the value came from. Throws {@link NonsenseError} if the
 * value is nested too deeply.
 */
export function renderJson(value: unknown, source: string): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    // JSON.parse reads any depth, but JSON.stringify is limited by the stack.
    if (cause instanceof RangeError) throw new NonsenseError(`${source}: nested too deeply`, { cause });
    throw cause;
  }
}

/**
 * The largest number of values in a text. A page of PyPI has 15 values for each file, and no project ever had 40,000
 * files. Mere brackets take fifty times their size in memory once they are parsed, and take minutes, so a hostile page
 * of some megabytes could end the process.
 */
const maxValues = 3_000_000;
/** Characters. A shorter text is not counted, since it can do no harm. */
const harmless = 1 << 20;

/**
 * Returns the value of the JSON in `text`. `source` names the text in errors. Throws {@link NonsenseError} if it is not
 * JSON, or has too many values.
 */
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

/** Returns an upper bound of the number of values in `text`: each value follows a bracket, a brace or a comma. */
function countValues(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x2c || code === 0x5b || code === 0x7b) count += 1;
  }
  return count;
}

/**
 * Returns `value` as a serial, or undefined if it is not one. Serials are numbers; bandersnatch writes them as strings.
 */
export function serialOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** Foreign JSON: `unknown` until looked at. */
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

/** Serials come as numbers, from bandersnatch as strings; anything else is no serial. */
export function serialOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

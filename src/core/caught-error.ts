/** Reads messages and codes of caught values, which need not be Errors. */

/** Returns the message of `error`, or `fallback` if it is not an Error. */
export function messageOf(error: unknown, fallback = 'unknown'): string {
  return error instanceof Error ? error.message : fallback;
}

/** Returns the code of `error`, such as `ENOENT` or `SQLITE_BUSY`, or undefined if it has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Returns true if `error` has one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = errorCode(error);
  return code !== undefined && codes.includes(code);
}

/** Returns true if `error` is zlib's, about compressed bytes that are damaged or cut off. */
export function isZlibError(error: unknown): boolean {
  return errorCode(error)?.startsWith('Z_') === true;
}

/** Returns `error` itself, or an Error with its text if something else was thrown. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

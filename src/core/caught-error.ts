/** What can be told of something that was thrown, which need not be an Error. */

/** The message of `error`, or `fallback` where it is no Error. */
export function messageOf(error: unknown, fallback = 'unknown'): string {
  return error instanceof Error ? error.message : fallback;
}

/** The code of `error`, such as `ENOENT` or `SQLITE_BUSY`, if it has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether `error` is a failure with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = errorCode(error);
  return code !== undefined && codes.includes(code);
}

/** Whether `error` tells of compressed bytes that are damaged or cut off. */
export function isZlibError(error: unknown): boolean {
  return errorCode(error)?.startsWith('Z_') === true;
}

/** `error` itself, or an Error that says what else was thrown. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

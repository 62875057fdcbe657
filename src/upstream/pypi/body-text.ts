/** Reads bodies as text and as JSON. */
import { isUtf8 } from 'node:buffer';
import { MirrorError, NonsenseError } from '../../core/errors.ts';

/**
 * Returns `body` as text. Throws NonsenseError if it is not UTF-8: a replacement character would be published as part
 * of a name.
 */
export function textOf(body: Buffer, source: string): string {
  if (!isUtf8(body)) throw new NonsenseError(`${source}: expected UTF-8, found other bytes`);
  return body.toString('utf8');
}

/** Throws NonsenseError unless the body is JSON. */
export function expectJson(body: Buffer, source: string): void {
  try {
    JSON.parse(textOf(body, source));
  } catch (cause) {
    if (cause instanceof MirrorError) throw cause;
    throw new NonsenseError(`${source}: expected JSON, found ${JSON.stringify(body.subarray(0, 40).toString())}`, {
      cause,
    });
  }
}

/** Returns true if the body is JSON. */
export function isJsonText(body: Buffer): boolean {
  try {
    JSON.parse(body.toString());
    return true;
  } catch {
    return false;
  }
}

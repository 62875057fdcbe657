/** The text of a body, or an error. */
import { isUtf8 } from 'node:buffer';
import { MirrorError, NonsenseError } from '../../core/errors.ts';

/** Throws NonsenseError: a mark in the place of what cannot be read would be published as if it were the name. */
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

/** Whether the body is JSON. */
export function isJsonText(body: Buffer): boolean {
  try {
    JSON.parse(body.toString());
    return true;
  } catch {
    return false;
  }
}

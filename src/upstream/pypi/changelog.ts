/** The mirroring methods of PyPI's XML-RPC interface, and the meaning of its faults. */
import { BusyError, NoChangelogError, NonsenseError, UnreachableError } from '../../core/errors.ts';
import { projectName } from '../../core/names.ts';
import { parseXmlRpcReply, type XmlRpcFault, type XmlRpcValue } from '../../formats/xml-rpc.ts';
import type { Change, Changes } from '../upstream.ts';
import { textOf } from './body-text.ts';
import type { HttpResponse } from './http-client.ts';

/** Number of rows that PyPI sends at most in one answer. */
const rowsPerPage = 50_000;

/**
 * Parses the answer to the call `source` with `parse`. Throws NoChangelogError if there is no changelog, or if
 * something else answers: a page of HTML, a redirect.
 */
export function parseReply<T>(
  { status, headers, body }: HttpResponse,
  source: string,
  parse: (text: string, source: string) => T,
): T {
  if (headers.location !== undefined && status !== 200) {
    throw new NoChangelogError(`${source}: redirected (${status}) to ${headers.location}`, { isLasting: false });
  }
  if (status !== 200) throw new NoChangelogError(`${source}: upstream answers ${status}`);
  try {
    return parse(textOf(body, source), source);
  } catch (cause) {
    const type = headers['content-type'] ?? 'no type';
    if (!(cause instanceof NonsenseError) || /\bxml\b/i.test(type)) throw cause;
    throw new NoChangelogError(`${source}: expected text/xml, found ${type}`, { isLasting: false, cause });
  }
}

/** Returns the serial in an answer to `changelog_last_serial`. */
export function parseLastSerial(text: string, source: string): number {
  const value = replyValue(text, source);
  if (typeof value !== 'number' || value < 0) throw new NonsenseError(`${source}: expected a serial`);
  return value;
}

/**
 * Returns the rows of an answer to `changelog_since_serial`, in the order of their serials. Rows without a project name
 * are skipped, as in 1.5. Throws NoChangelogError if a row is malformed: the list of projects then shows the changes.
 */
export function parseChanges(text: string, since: number, source: string): Changes {
  const value = replyValue(text, source);
  if (!Array.isArray(value)) throw new NonsenseError(`${source}: expected an array of rows`);
  const rows: Change[] = [];
  const serials = [since];
  for (const row of value as readonly XmlRpcValue[]) {
    const [displayName, version, seconds, action, serial] = Array.isArray(row) ? row : [];
    if (typeof serial !== 'number' || serial < since) {
      const found = serial === undefined ? 'a row without one' : String(serial).slice(0, 40);
      throw new NoChangelogError(`${source}: expected serials after ${since}, found ${found}`, { isLasting: false });
    }
    serials.push(serial);
    if (typeof displayName !== 'string') continue;
    const name = projectName(displayName);
    if (name === undefined) continue;
    const at = typeof seconds === 'number' ? seconds * 1000 : 0;
    rows.push({ name, displayName, serial, version: textIn(version), action: textIn(action), at });
  }
  rows.sort((one, other) => one.serial - other.serial);
  serials.sort((one, other) => one - other);
  const leap = serials.reduce((most, serial, at) => Math.max(most, serial - (serials[at - 1] ?? serial)), 0);
  return { rows, serial: serials.at(-1) ?? since, leap, complete: value.length < rowsPerPage };
}

/** Maximum length of a version or action that is kept, in characters. Real ones are far shorter. */
const maxTextLength = 500;

function textIn(value: XmlRpcValue | undefined): string | undefined {
  return typeof value === 'string' ? value.slice(0, maxTextLength) : undefined;
}

function replyValue(text: string, source: string): XmlRpcValue {
  const reply = parseXmlRpcReply(text, source);
  if ('fault' in reply) throw faultError(reply.fault, source);
  return reply.value;
}

/**
 * Returns the error for a fault: NoChangelogError for retired and unknown methods, which stay so; BusyError for too
 * many requests, and UnreachableError for an outage, which pass.
 */
function faultError({ faultCode, faultString }: XmlRpcFault, source: string): Error {
  const text = `${source}: fault ${faultCode}: ${faultString.slice(0, 200)}`;
  const seconds = /reset in (\d{1,6}) seconds/.exec(faultString)?.[1];
  if (/^HTTPTooManyRequests\b/.test(faultString)) {
    return new BusyError(text, { retryAfterMs: seconds === undefined ? undefined : Number(seconds) * 1000 });
  }
  if (faultCode === -32601 || (faultCode === -32500 && /^(?:RuntimeError|ValueError):/.test(faultString))) {
    return new NoChangelogError(text);
  }
  return new UnreachableError(text);
}

/** The meaning of an answer's status, the same for every kind of request. */
import { dayMs } from '../../core/durations.ts';
import { BusyError, NonsenseError, RateLimitError, UnreachableError } from '../../core/errors.ts';
import type { HttpResponse } from './http-client.ts';

const maxPauseMs = dayMs;
const maxLineLength = 120;

/**
 * Returns an answer whose status is in `expected`. Firewalls send 403 and 406 for "blocked", so both count like 429 and
 * 503: BusyError, which says nothing about the page.
 * Throws UnreachableError for a failure that may pass, and NonsenseError for one that will not.
 */
export function expectStatus(answer: HttpResponse, url: URL, expected: readonly number[], nowMs: number): HttpResponse {
  const { status } = answer;
  if (expected.includes(status)) return answer;
  if (status === 429 || status === 503 || status === 403 || status === 406) {
    const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], nowMs);
    const excerpt = bodyExcerpt(answer.body);
    const quotedExcerpt = excerpt === '' ? '' : ` (${JSON.stringify(excerpt)})`;
    // Private indexes also answer 403 to clients that they do not know.
    const login = status === 403 ? `, or another login for ${url.hostname} (netrc-file in mirror.toml)` : '';
    const Refusal = status === 429 ? RateLimitError : BusyError;
    throw new Refusal(`${url}: upstream answers ${status}${quotedExcerpt} and wants fewer requests${login}`, {
      retryAfterMs,
    });
  }
  if (status === 401) {
    throw new NonsenseError(
      `${url}: upstream answers 401 and wants to know who asks: put machine ${url.hostname}, login and password into ` +
        'netrc-file (mirror.toml), or correct them there',
    );
  }
  if (status >= 500 || status === 408) throw new UnreachableError(`${url}: upstream answers ${status}`);
  const location = answer.headers.location;
  const target = location === undefined ? '' : `, redirected to ${location}`;
  throw new NonsenseError(`${url}: expected status ${expected.join(' or ')}, found ${status}${target}`);
}

/**
 * Returns the milliseconds from now that a Retry-After header (seconds or an HTTP date, RFC 9110) asks for, at most a
 * day. Returns undefined if there is no valid one.
 */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), maxPauseMs);
}

/** Returns the first line of a text body, or of the visible text of HTML; an empty text if there is none. */
function bodyExcerpt(body: Buffer): string {
  const text = body.subarray(0, 4096).toString('utf8');
  const shown = /<(?:!doctype|html|head|body)\b/i.test(text)
    ? text.replace(/<(script|style)\b[\s\S]*?(?:<\/\1>|$)/gi, '').replace(/<[^>]*>?/g, '\n')
    : text;
  const line = shown.split(/[\r\n]/).find((line) => line.trim() !== '') ?? '';
  return line.trim().replace(/\s+/g, ' ').slice(0, maxLineLength);
}

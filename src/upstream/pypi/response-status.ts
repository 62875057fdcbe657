/** What the status of an answer means, the same for every kind of request. */
import { dayMs } from '../../core/durations.ts';
import { BusyError, NonsenseError, UnreachableError } from '../../core/errors.ts';
import type { HttpResponse } from './http-client.ts';

const longestPauseMs = dayMs;
const longestLine = 120;

/**
 * Passes an answer whose status is in `expected`. 403 and 406 are how a firewall says "blocked", so they mean the same
 * as 429 and 503: BusyError, by which nothing is concluded about the page.
 * Throws UnreachableError for what may pass, NonsenseError for what will not.
 */
export function expectStatus(answer: HttpResponse, url: URL, expected: readonly number[], nowMs: number): HttpResponse {
  const { status } = answer;
  if (expected.includes(status)) return answer;
  if (status === 429 || status === 503 || status === 403 || status === 406) {
    const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], nowMs);
    const told = bodyExcerpt(answer.body);
    const said = told === '' ? '' : ` (${JSON.stringify(told)})`;
    // Private indexes answer 403 to whom they do not know, too.
    const login = status === 403 ? `, or another login for ${url.hostname} (netrc-file in mirror.toml)` : '';
    throw new BusyError(`${url}: upstream answers ${status}${said} and wants fewer requests${login}`, { retryAfterMs });
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

/** Milliseconds from now (seconds or an HTTP date, RFC 9110), or undefined. */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestPauseMs);
}

/** What a body says for people: the first line of a text, or of what HTML shows; empty where there is none. */
function bodyExcerpt(body: Buffer): string {
  const text = body.subarray(0, 4096).toString('utf8');
  const shown = /<(?:!doctype|html|head|body)\b/i.test(text)
    ? text.replace(/<(script|style)\b[\s\S]*?(?:<\/\1>|$)/gi, '').replace(/<[^>]*>?/g, '\n')
    : text;
  const line = shown.split(/[\r\n]/).find((line) => line.trim() !== '') ?? '';
  return line.trim().replace(/\s+/g, ' ').slice(0, longestLine);
}

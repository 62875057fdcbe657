import t from 'tap';
import { BusyError, NonsenseError, UnreachableError } from '../../../src/core/errors.ts';
import { expectStatus, parseRetryAfter } from '../../../src/upstream/pypi/response-status.ts';

const url = new URL('https://index.example/simple/x/');

/** The error that an answer with that status makes; undefined where it passes. */
function errorOf(status: number, headers: Record<string, string> = {}): unknown {
  try {
    expectStatus(
      { status, headers, body: Buffer.alloc(0), measured: { headMs: 0, bytes: 0 } },
      url,
      [200, 404],
      Date.UTC(2026, 10, 22),
    );
    return undefined;
  } catch (error) {
    return error;
  }
}

t.test('an expected status passes', (t) => {
  for (const status of [200, 404]) t.equal(errorOf(status), undefined);
  t.end();
});

t.test('a status that means "too many requests" is a BusyError with the time that it names', (t) => {
  for (const status of [403, 406, 429, 503]) {
    const error = errorOf(status);
    t.ok(error instanceof BusyError, `${status}`);
    t.match(error, { retryAfterMs: undefined });
  }
  t.match(errorOf(403), {
    message: /fewer requests, or another login for index\.example \(netrc-file in mirror\.toml\)$/,
  });
  t.match(errorOf(429), { message: /fewer requests$/ });
  t.match(errorOf(429, { 'retry-after': '17' }), { retryAfterMs: 17_000 });
  t.end();
});

t.test('a server error is temporary, and is no BusyError', (t) => {
  for (const status of [500, 502, 504, 520, 408]) {
    const error = errorOf(status);
    t.ok(error instanceof UnreachableError && !(error instanceof BusyError), `${status}`);
  }
  t.end();
});

t.test('any other status is a NonsenseError whose message says what was expected', (t) => {
  for (const status of [204, 301, 400, 401, 451]) t.ok(errorOf(status) instanceof NonsenseError);
  t.match(errorOf(301, { location: '/elsewhere' }), {
    message: `${url}: expected status 200 or 404, found 301, redirected to /elsewhere`,
  });
  t.end();
});

t.test('Retry-After is seconds or a date, bounded, and nothing else', async (t) => {
  const now = Date.UTC(2026, 10, 22, 12);
  const cases: [text: string | undefined, ms: number | undefined][] = [
    ['0', 0],
    ['120', 120_000],
    ['Sun, 22 Nov 2026 12:01:30 GMT', 90_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['999999999', 24 * 60 * 60_000],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [text, ms] of cases) t.equal(parseRetryAfter(text, now), ms, `${text}`);
});

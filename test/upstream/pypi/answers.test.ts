import t from 'tap';
import { NonsenseError, UnreachableError } from '../../../src/core/errors.ts';
import { expectStatus, parseRetryAfter } from '../../../src/upstream/pypi/answers.ts';
import { RequestLimiter } from '../../../src/upstream/pypi/request-limiter.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

const url = new URL('https://index.example/simple/x/');

/** What becomes of an answer with that status, and how long the next request waits. */
async function outcome(status: number, headers: Record<string, string> = {}) {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const limiter = new RequestLimiter(4, clock, signal);
  let error: unknown;
  try {
    expectStatus({ status, headers, body: Buffer.alloc(0) }, url, [200, 404], limiter, clock);
  } catch (caught) {
    error = caught;
  }
  const started = clock.now();
  await limiter.run(async () => undefined).catch(() => undefined);
  return { error, waitedMs: clock.now() - started };
}

t.test('an expected status passes', async (t) => {
  for (const status of [200, 404]) t.match(await outcome(status), { error: undefined, waitedMs: 0 });
});

t.test('a status that says "too much" slows everybody down', async (t) => {
  for (const status of [403, 406, 429, 503]) {
    const { error, waitedMs } = await outcome(status);
    t.ok(error instanceof UnreachableError, `${status}`);
    t.equal(waitedMs, 5000, `${status}`);
  }
  t.match(await outcome(429, { 'retry-after': '17' }), { error: { retryAfterMs: 17_000 }, waitedMs: 17_000 });
});

t.test("a server's own failure may pass, and slows nobody down", async (t) => {
  for (const status of [500, 502, 504, 520, 408]) {
    const { error, waitedMs } = await outcome(status);
    t.ok(error instanceof UnreachableError, `${status}`);
    t.equal(waitedMs, 0);
  }
});

t.test('any other status is nonsense, and the message says what was expected', async (t) => {
  for (const status of [204, 301, 400, 401, 451]) t.ok((await outcome(status)).error instanceof NonsenseError);
  t.match(await outcome(301, { location: '/elsewhere' }), {
    error: { message: `${url}: expected status 200 or 404, found 301, redirected to /elsewhere` },
  });
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

import fc from 'fast-check';
import t from 'tap';
import { PausedError, UnreachableError } from '../../src/core/errors.ts';
import { longestWaitMs } from '../../src/core/retry.ts';
import { RequestLimiter } from '../../src/upstream/pypi/request-limiter.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const never = new AbortController().signal;
const answersPerStep = 50;

/** Resolves when everything that can go on without the outside has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Requests that stay under way until the test ends them. */
class Requests {
  readonly #limiter: RequestLimiter;
  readonly #open: { answer: () => void; fail: (error: Error) => void }[] = [];
  readonly ends: Promise<string>[] = [];

  constructor(limiter: RequestLimiter) {
    this.#limiter = limiter;
  }

  get underWay(): number {
    return this.#open.length;
  }

  async start(count: number): Promise<void> {
    for (let started = 0; started < count; started += 1) {
      const end = this.#limiter.run(() => new Promise<void>((answer, fail) => this.#open.push({ answer, fail })));
      this.ends.push(
        end.then(
          () => 'answered',
          (error: Error) => error.message,
        ),
      );
    }
    await settled();
  }

  async answer(count: number): Promise<void> {
    for (const { answer } of this.#open.splice(0, count)) answer();
    await settled();
  }

  async fail(count: number): Promise<void> {
    for (const { fail } of this.#open.splice(0, count)) fail(new Error('failed'));
    await settled();
  }
}

/** How many requests go at the same time when many want to; leaves nothing behind. */
async function placesOf(limiter: RequestLimiter, wanted: number): Promise<number> {
  const requests = new Requests(limiter);
  await requests.start(wanted);
  const places = requests.underWay;
  while (requests.underWay > 0) await requests.fail(requests.underWay);
  return places;
}

t.test('no more requests than the limit are under way, and the next begins when one ends', async (t) => {
  const requests = new Requests(new RequestLimiter(3, new FakeClock(), never));
  await requests.start(5);
  t.equal(requests.underWay, 3);
  await requests.answer(1);
  t.equal(requests.underWay, 3);
  await requests.fail(1);
  t.equal(requests.underWay, 3, 'a failed one gives its place back');
  await requests.answer(3);
  t.same(await Promise.all(requests.ends), ['answered', 'failed', 'answered', 'answered', 'answered']);
});

t.test('the answer of a request is passed on, and so is its error', async (t) => {
  const limiter = new RequestLimiter(1, new FakeClock(), never);
  t.equal(await limiter.run(async () => 'answer'), 'answer');
  const error = new TypeError('a bug');
  await t.rejects(
    limiter.run(() => Promise.reject(error)),
    error,
  );
  await t.rejects(
    limiter.run(() => {
      throw error;
    }),
    error,
  );
  t.equal(await placesOf(limiter, 5), 1);
});

t.test('requests begin in the order they were asked for', async (t) => {
  const limiter = new RequestLimiter(2, new FakeClock(), never);
  const begun: number[] = [];
  await Promise.all(Array.from({ length: 9 }, (_, number) => limiter.run(async () => begun.push(number))));
  t.same(begun, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

t.test('when upstream asks for less, no request begins before the time it named', async (t) => {
  const clock = new FakeClock();
  const limiter = new RequestLimiter(4, clock, never);
  limiter.slowDown(5_000);
  const from = clock.now() + 5_000;
  const begun: number[] = [];
  const ask = async (): Promise<void> => {
    begun.push(clock.now());
  };
  await Promise.all([limiter.run(ask), limiter.run(ask), limiter.run(ask)]);
  t.equal(begun.length, 3);
  t.ok(
    begun.every((now) => now >= from),
    'everybody waited',
  );
});

t.test('the longest of several pauses counts', async (t) => {
  const clock = new FakeClock();
  const limiter = new RequestLimiter(4, clock, never);
  const from = clock.now() + 9_000;
  limiter.slowDown(9_000);
  limiter.slowDown(1_000);
  await limiter.run(async () => t.equal(clock.now(), from));
});

t.test('a pause that is prolonged while somebody waits for its end is waited for to its new end', async (t) => {
  let prolonged = false;
  const clock = new (class extends FakeClock {
    override async sleep(ms: number, signal: AbortSignal): Promise<void> {
      if (!prolonged) limiter.slowDown(20_000);
      prolonged = true;
      await super.sleep(ms, signal);
    }
  })();
  const limiter: RequestLimiter = new RequestLimiter(4, clock, never);
  const from = clock.now() + 20_000;
  limiter.slowDown(5_000);
  await limiter.run(async () => t.equal(clock.now(), from));
});

t.test('a clock that is put back does not prolong a pause', async (t) => {
  const clock = new FakeClock();
  const limiter = new RequestLimiter(4, clock, never);
  limiter.slowDown(5_000);
  clock.advance(-3_600_000);
  const from = clock.now() + 5_000;
  await limiter.run(async () => t.equal(clock.now(), from));
});

t.test('when upstream asks for less, half as many requests are under way, and never none', async (t) => {
  const limiter = new RequestLimiter(10, new FakeClock(), never);
  for (const expected of [5, 2, 1, 1]) {
    limiter.slowDown(0);
    t.equal(await placesOf(limiter, 20), expected);
  }
});

t.test('requests under way when upstream asks for less are not disturbed, but none takes their place', async (t) => {
  const limiter = new RequestLimiter(8, new FakeClock(), never);
  const requests = new Requests(limiter);
  await requests.start(20);
  limiter.slowDown(0);
  const seen = [requests.underWay];
  for (let answered = 0; answered < 6; answered += 1) {
    await requests.answer(1);
    seen.push(requests.underWay);
  }
  t.same(seen, [8, 7, 6, 5, 4, 4, 4]);
});

t.test('with each fifty answers one more request goes at a time, up to the limit', async (t) => {
  const limiter = new RequestLimiter(5, new FakeClock(), never);
  limiter.slowDown(0);
  const seen: number[] = [];
  for (let step = 0; step < 5; step += 1) {
    seen.push(await placesOf(limiter, 20));
    for (let answers = 0; answers < answersPerStep; answers += 1) await limiter.run(async () => {});
  }
  t.same(seen, [2, 3, 4, 5, 5]);
});

t.test('failures do not count as answers', async (t) => {
  const limiter = new RequestLimiter(4, new FakeClock(), never);
  limiter.slowDown(0);
  for (let failures = 0; failures < 200; failures += 1) await placesOf(limiter, 1);
  t.equal(await placesOf(limiter, 20), 2);
});

t.test('a request that waits in line takes the place that growth makes', async (t) => {
  const limiter = new RequestLimiter(2, new FakeClock(), never);
  limiter.slowDown(0);
  const requests = new Requests(limiter);
  await requests.start(answersPerStep + 3);
  for (let answers = 0; answers < answersPerStep; answers += 1) {
    t.equal(requests.underWay, 1, `after ${answers} answers`);
    await requests.answer(1);
  }
  t.equal(requests.underWay, 2);
  await requests.answer(2);
  await requests.answer(1);
});

t.test(
  'a pause longer than a run waits for ends the requests at once, and says when upstream wants the next',
  async (t) => {
    const clock = new FakeClock(0);
    const limiter = new RequestLimiter(2, clock, never);
    limiter.slowDown(longestWaitMs + 1_000);
    const refused = limiter.run(() => Promise.reject(new Error('it was sent')));
    await t.rejects(refused, {
      code: 'unreachable',
      retryAfterMs: longestWaitMs + 1_000,
      message: '1970-01-01T00:02:01',
    });
    t.same(clock.slept, []);
    clock.advance(longestWaitMs + 1_000);
    t.equal(await placesOf(limiter, 5), 1, 'no place is lost');
  },
);

t.test('a run that is to stop does not wait for the end of a pause', async (t) => {
  const pause = new AbortController();
  const clock = new FakeClock();
  const limiter = new RequestLimiter(4, clock, pause.signal);
  limiter.slowDown(5_000);
  pause.abort();
  await t.rejects(
    limiter.run(async () => {}),
    PausedError,
  );
  clock.advance(5_000);
  t.equal(await placesOf(limiter, 5), 2, 'no place is lost');
});

t.test('however requests, failures and pauses mix, the limit holds and no place is lost or gained', async () => {
  const outcome = fc.constantFrom('answer', 'answer', 'fail', 'slow');
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.integer({ min: 1, max: 6 }),
      fc.array(outcome, { maxLength: 80 }),
      async (s, most, outcomes) => {
        const clock = new FakeClock();
        const limiter = new RequestLimiter(most, clock, never);
        let underWay = 0;
        let highest = 0;
        let notBefore = 0;
        let tooEarly = 0;
        const ends = outcomes.map(async (end, number) => {
          await s.schedule(Promise.resolve(), `start ${number}`);
          await limiter.run(async () => {
            underWay += 1;
            highest = Math.max(highest, underWay);
            if (clock.now() < notBefore) tooEarly += 1;
            await s.schedule(Promise.resolve(), `${end} ${number}`);
            underWay -= 1;
            if (end === 'answer') return;
            if (end === 'slow') {
              limiter.slowDown(1_000);
              notBefore = clock.now() + 1_000;
            }
            throw new UnreachableError(end);
          });
        });
        await s.waitFor(Promise.allSettled(ends));
        for (let answers = 0; answers < most * answersPerStep; answers += 1) await limiter.run(async () => {});
        return highest <= most && tooEarly === 0 && (await placesOf(limiter, most + 3)) === most;
      },
    ),
    { numRuns: 60 },
  );
});

t.test('requests that waited for the end of a pause go by the limit that holds when it ends', async (t) => {
  const ends: (() => void)[] = [];
  const clock = new (class extends FakeClock {
    override sleep(ms: number): Promise<void> {
      return new Promise((resolve) => {
        ends.push(() => {
          this.advance(ms);
          resolve();
        });
      });
    }
  })();
  const limiter = new RequestLimiter(8, clock, never);
  limiter.slowDown(1_000);
  const requests = new Requests(limiter);
  await requests.start(8);
  limiter.slowDown(1_000);
  for (const end of ends) end();
  await settled();
  t.equal(requests.underWay, 4, 'half of eight: who complains during a pause was asked before it');
  while (requests.underWay > 0) await requests.answer(1);
  t.equal(requests.ends.length, (await Promise.all(requests.ends)).length);
});

t.test('ten complaints about requests that were sent together halve the limit once', async (t) => {
  const clock = new FakeClock();
  const limiter = new RequestLimiter(16, clock, never);
  for (let complaint = 0; complaint < 10; complaint += 1) limiter.slowDown(5_000);
  clock.advance(5_000);
  t.equal(await placesOf(limiter, 20), 8);
});

t.test('growth does not let a request begin while more than the limit are under way', async (t) => {
  const limiter = new RequestLimiter(100, new FakeClock(), never);
  const requests = new Requests(limiter);
  await requests.start(200);
  for (const _ of [50, 25, 12]) limiter.slowDown(0);
  for (let answers = 1; answers <= 60; answers += 1) {
    await requests.answer(1);
    t.equal(requests.underWay, 100 - answers);
  }
});

t.test('answers from before a pause do not make room after it', async (t) => {
  const limiter = new RequestLimiter(8, new FakeClock(), never);
  const answers = async (count: number): Promise<void> => {
    for (let answer = 0; answer < count; answer += 1) await limiter.run(async () => {});
  };
  limiter.slowDown(0);
  await answers(answersPerStep - 1);
  limiter.slowDown(0);
  await answers(1);
  t.equal(await placesOf(limiter, 20), 2);
  await answers(answersPerStep - 1);
  t.equal(await placesOf(limiter, 20), 3);
});

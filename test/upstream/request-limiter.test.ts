import fc from 'fast-check';
import t from 'tap';
import { BusyError, NotAskedError, PausedError, UnreachableError } from '../../src/core/errors.ts';
import { maxWaitMs } from '../../src/core/retry.ts';
import { RequestLimiter } from '../../src/upstream/pypi/request-limiter.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const never = new AbortController().signal;
const answersPerStep = 50;

/** Returns a limiter that allows `connections` to each host, unless the host wants fewer. */
function limiterOf(connections: number, clock: FakeClock, signal: AbortSignal): RequestLimiter {
  return new RequestLimiter({ start: connections, max: connections }, clock, signal);
}

/** The page of a project that has nothing to do with any other. */
function page(project: string | number, host = 'index.example'): URL {
  return new URL(`https://${host}/simple/p${project}/`);
}

function refusal(retryAfterMs?: number): () => Promise<never> {
  return () => Promise.reject(new BusyError('busy', { retryAfterMs }));
}

/** Three projects that have nothing to do with each other are refused, one after the other. */
async function complain(limiter: RequestLimiter, retryAfterMs?: number): Promise<void> {
  for (const project of [1, 2, 3]) await limiter.run(page(project), refusal(retryAfterMs)).catch(() => undefined);
}

/** Upstream asks for less, and the pause that it wants is over. */
async function slowDown(limiter: RequestLimiter, clock: FakeClock): Promise<void> {
  await complain(limiter);
  clock.advance(100_000);
}

/** Resolves when everything that can go on without the outside has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Requests that stay under way until the test ends them. */
class Requests {
  readonly #limiter: RequestLimiter;
  readonly #open: { answer: () => void; fail: (error: Error) => void }[] = [];
  readonly ends: Promise<string>[] = [];
  #started = 0;

  constructor(limiter: RequestLimiter) {
    this.#limiter = limiter;
  }

  get inProgress(): number {
    return this.#open.length;
  }

  async start(count: number): Promise<void> {
    for (let started = 0; started < count; started += 1) {
      this.#started += 1;
      const ask = () => new Promise<void>((answer, fail) => this.#open.push({ answer, fail }));
      const end = this.#limiter.run(page(this.#started), ask);
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

  async fail(count: number, error = new Error('failed')): Promise<void> {
    for (const { fail } of this.#open.splice(0, count)) fail(error);
    await settled();
  }
}

/** How many requests go at the same time when many want to; leaves nothing behind. */
async function slotsOf(limiter: RequestLimiter, wanted: number): Promise<number> {
  const requests = new Requests(limiter);
  await requests.start(wanted);
  const slots = requests.inProgress;
  while (requests.inProgress > 0) await requests.fail(requests.inProgress);
  return slots;
}

t.test('no more requests than the limit are in progress, and the next begins when one ends', async (t) => {
  const requests = new Requests(limiterOf(3, new FakeClock(), never));
  await requests.start(5);
  t.equal(requests.inProgress, 3);
  await requests.answer(1);
  t.equal(requests.inProgress, 3);
  await requests.fail(1);
  t.equal(requests.inProgress, 3, 'a failed one gives its place back');
  await requests.answer(3);
  t.same(await Promise.all(requests.ends), ['answered', 'failed', 'answered', 'answered', 'answered']);
});

t.test('the result of a request is returned, and its error thrown', async (t) => {
  const limiter = limiterOf(1, new FakeClock(), never);
  t.equal(await limiter.run(page(0), async () => 'answer'), 'answer');
  const error = new TypeError('a bug');
  await t.rejects(
    limiter.run(page(0), () => Promise.reject(error)),
    error,
  );
  await t.rejects(
    limiter.run(page(0), () => {
      throw error;
    }),
    error,
  );
  t.equal(await slotsOf(limiter, 5), 1);
});

t.test('requests begin in the order of the calls', async (t) => {
  const limiter = limiterOf(2, new FakeClock(), never);
  const begun: number[] = [];
  await Promise.all(Array.from({ length: 9 }, (_, number) => limiter.run(page(0), async () => begun.push(number))));
  t.same(begun, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

t.test('when several projects are refused, no request to that host begins before the time it named', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(4, clock, never);
  await complain(limiter, 50_000);
  const from = clock.now() + 50_000;
  const begun: number[] = [];
  const ask = async (): Promise<void> => {
    begun.push(clock.now());
  };
  await limiter.run(page(0, 'files.example'), async () => t.ok(clock.now() < from, 'another host is asked'));
  await Promise.all([1, 5, 6].map((project) => limiter.run(page(project), ask)));
  t.strictSame(begun, [from, from, from], 'everybody waited');
});

t.test(
  'without a Retry-After a pause takes five seconds, and twice as long each time that it does not help',
  async (t) => {
    const clock = new FakeClock();
    const limiter = limiterOf(4, clock, never);
    const next = async (): Promise<number> => {
      await complain(limiter);
      const from = clock.now();
      await limiter.run(page(9), async () => undefined);
      return clock.now() - from;
    };
    for (const seconds of [5, 10, 20, 40, 80]) t.equal(await next(), seconds * 1000);
    await t.rejects(next(), /wants no request before/, 'a run does not wait for longer');
    clock.advance(160_000);
    for (let project = 0; project < 20; project += 1) await limiter.run(page(`good${project}`), async () => undefined);
    for (let project = 0; project < 21; project += 1)
      await limiter.run(page(`bad${project}`), refusal()).catch(() => {});
    t.equal(clock.slept.at(-1), 5_000, 'it had recovered');
  },
);

t.test('one refused project makes no other request wait, however many files it has', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(4, clock, never);
  const file = (name: string): URL => new URL(`https://files.example/packages/aa/bb/${name}`);
  const names = Array.from({ length: 300 }, (_, at) => `big-tool-1.${at}.tar.gz`);
  const wheel = 'big_tool-2.0-py3-none-any.whl';
  const refused = refusal(86_400_000);
  for (const name of [...names, wheel, `${wheel}.metadata`, 'other-name-1.0.tar.gz', 'third.zip']) {
    await limiter.run(file(name), refused, { about: 'big-tool' }).catch(() => undefined);
  }
  await limiter.run(file('other-1.0.tar.gz'), refused, { about: 'other' }).catch(() => undefined);
  await limiter.run(file('good-1.0.tar.gz'), async () => undefined);
  t.same(clock.slept, []);
  t.equal(await slotsOf(limiter, 20), 4);
});

t.test('provenance that is refused for every project makes no request wait', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(4, clock, never);
  for (let project = 0; project < 30; project += 1) {
    await limiter.run(page(project), async () => undefined);
    const url = new URL(`https://index.example/integrity/p${project}/1.0/p${project}-1.0.tar.gz/provenance`);
    await limiter.run(url, refusal()).catch(() => undefined);
  }
  t.same(clock.slept, []);
  t.equal(await slotsOf(limiter, 20), 4);
});

t.test('no request waits while fewer than half of the projects are refused', async (t) => {
  for (const [every, isPaused] of [
    [10, false],
    [3, false],
    [2, true],
  ] as const) {
    const clock = new FakeClock();
    const limiter = limiterOf(4, clock, never);
    for (let project = 1; project <= 40; project += 1) {
      const ask = project % every === 0 ? refusal() : async () => undefined;
      await limiter.run(page(project), ask).catch(() => undefined);
    }
    t.equal(clock.slept.length > 0, isPaused, `one of ${every} is refused`);
  }
});

t.test('a pause is as long as several projects ask for, not as long as the longest', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(4, clock, never);
  for (const [project, seconds] of [86_400, 40, 30].entries()) {
    await limiter.run(page(project), refusal(seconds * 1000)).catch(() => undefined);
  }
  const from = clock.now();
  await limiter.run(page(9), async () => t.equal(clock.now() - from, 30_000));
});

t.test('requests from before a pause prolong it, and it halves the limit once', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(6, clock, never);
  const requests = new Requests(limiter);
  await requests.start(6);
  await requests.fail(3, new BusyError('busy', { retryAfterMs: 6_000 }));
  await requests.fail(3, new BusyError('busy', { retryAfterMs: 20_000 }));
  const from = clock.now();
  await limiter.run(page(9), async () => t.equal(clock.now() - from, 20_000));
  t.equal(await slotsOf(limiter, 20), 3);
});

t.test('a clock that is set back does not prolong a pause', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(4, clock, never);
  await complain(limiter);
  clock.advance(-3_600_000);
  const from = clock.now() + 5_000;
  await limiter.run(page(9), async () => t.equal(clock.now(), from));
});

t.test('a refusal halves the number of requests in progress, but never to zero', async (t) => {
  for (const [times, expected] of [10, 5, 2, 1, 1].entries()) {
    const clock = new FakeClock();
    const limiter = limiterOf(10, clock, never);
    for (let time = 0; time < times; time += 1) await slowDown(limiter, clock);
    t.equal(await slotsOf(limiter, 20), expected);
  }
});

t.test('requests in progress at a refusal go on, but their slots are not handed over', async (t) => {
  const requests = new Requests(limiterOf(8, new FakeClock(), never));
  await requests.start(8);
  await requests.fail(3, new BusyError('busy'));
  await requests.start(12);
  const seen = [requests.inProgress];
  for (let answered = 0; answered < 4; answered += 1) {
    await requests.answer(1);
    seen.push(requests.inProgress);
  }
  t.same(seen, [5, 4, 4, 4, 4]);
});

t.test('a host that leaves many requests without an answer gets no more requests, and others do', async (t) => {
  const limiter = limiterOf(4, new FakeClock(), never);
  let asked = 0;
  const silent = (): Promise<never> => {
    asked += 1;
    return Promise.reject(new UnreachableError('ECONNREFUSED'));
  };
  const error = (url: URL): Promise<unknown> => limiter.run(url, silent).catch((error: unknown) => error);
  for (let project = 0; project < 19; project += 1) await error(page(project));
  for (let at = 0; at < 100; at += 1) await error(page(1));
  t.equal(asked, 119, 'one project alone says nothing of the others');
  await error(page(19));
  t.match(await error(page(4)), {
    code: 'unreachable',
    message: /^index\.example left many requests without an answer/,
  });
  t.ok((await error(page(4))) instanceof NotAskedError);
  t.equal(asked, 120);
  await limiter.run(page(4, 'files.example'), async () => undefined);
});

t.test('with each fifty answers one more request goes at a time, up to the limit', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(5, clock, never);
  await slowDown(limiter, clock);
  const seen: number[] = [];
  for (let step = 0; step < 5; step += 1) {
    seen.push(await slotsOf(limiter, 20));
    for (let answers = 0; answers < answersPerStep; answers += 1) await limiter.run(page(9), async () => {});
  }
  t.same(seen, [2, 3, 4, 5, 5]);
});

t.test('failures do not count as answers', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(4, clock, never);
  await slowDown(limiter, clock);
  for (let failures = 0; failures < 200; failures += 1) await slotsOf(limiter, 1);
  t.equal(await slotsOf(limiter, 20), 2);
});

t.test('a waiting request gets the slot that a grown limit adds', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(2, clock, never);
  await slowDown(limiter, clock);
  const requests = new Requests(limiter);
  await requests.start(answersPerStep + 3);
  for (let answers = 0; answers < answersPerStep; answers += 1) {
    t.equal(requests.inProgress, 1, `after ${answers} answers`);
    await requests.answer(1);
  }
  t.equal(requests.inProgress, 2);
  await requests.answer(2);
  await requests.answer(1);
});

t.test(
  'a pause longer than a run waits for ends the requests at once, and says when upstream wants the next',
  async (t) => {
    const clock = new FakeClock(0);
    const limiter = limiterOf(2, clock, never);
    await complain(limiter, maxWaitMs + 1_000);
    const refused = limiter.run(page(9), () => Promise.reject(new Error('it was sent')));
    await t.rejects(refused, {
      code: 'unreachable',
      retryAfterMs: maxWaitMs + 1_000,
      message: 'index.example wants no request before 1970-01-01T00:02:01.000Z; the next run continues',
    });
    t.same(clock.slept, []);
    clock.advance(maxWaitMs + 1_000);
    t.equal(await slotsOf(limiter, 5), 1, 'no place is lost');
  },
);

t.test('a run that is to stop does not wait for the end of a pause', async (t) => {
  const pause = new AbortController();
  const clock = new FakeClock();
  const limiter = limiterOf(4, clock, pause.signal);
  await complain(limiter);
  pause.abort();
  await t.rejects(
    limiter.run(page(9), async () => {}),
    PausedError,
  );
  clock.advance(5_000);
  t.equal(await slotsOf(limiter, 5), 2, 'no place is lost');
});

t.test('however requests, failures and pauses mix, the limit holds and no slot is lost or gained', async () => {
  const outcome = fc.constantFrom('answer', 'answer', 'fail', 'busy', 'busy');
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.integer({ min: 1, max: 6 }),
      fc.array(outcome, { maxLength: 80 }),
      async (s, most, outcomes) => {
        const clock = new FakeClock();
        const limiter = limiterOf(most, clock, never);
        let inProgress = 0;
        let highest = 0;
        const ends = outcomes.map(async (end, number) => {
          await s.schedule(Promise.resolve(), `start ${number}`);
          await limiter.run(page(number), async () => {
            inProgress += 1;
            highest = Math.max(highest, inProgress);
            await s.schedule(Promise.resolve(), `${end} ${number}`);
            inProgress -= 1;
            if (end === 'answer') return;
            throw end === 'busy' ? new BusyError(end, { retryAfterMs: 1_000 }) : new UnreachableError(end);
          });
        });
        await s.waitFor(Promise.allSettled(ends));
        clock.advance(1_000_000_000);
        for (let answers = 0; answers < most * answersPerStep; answers += 1) await limiter.run(page(9), async () => {});
        return highest <= most && (await slotsOf(limiter, most + 3)) === most;
      },
    ),
    { numRuns: 60 },
  );
});

t.test('requests that waited for the end of a pause obey the limit at its end', async (t) => {
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
  const limiter = limiterOf(8, clock, never);
  await complain(limiter);
  const requests = new Requests(limiter);
  await requests.start(8);
  t.equal(requests.inProgress, 0);
  for (const end of ends) end();
  await settled();
  t.equal(requests.inProgress, 4, 'half of eight');
  while (requests.inProgress > 0) await requests.answer(1);
  t.equal(requests.ends.length, (await Promise.all(requests.ends)).length);
});

t.test('a grown limit lets no request begin while more than the limit are in progress', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(100, clock, never);
  const requests = new Requests(limiter);
  await requests.start(100);
  await requests.fail(3, new BusyError('busy'));
  await requests.start(100);
  for (let answers = 1; answers <= 47; answers += 1) {
    await requests.answer(1);
    t.equal(requests.inProgress, 97 - answers);
  }
  for (let answers = 48; answers <= 60; answers += 1) {
    await requests.answer(1);
    t.equal(requests.inProgress, answers < 50 ? 50 : 51);
  }
});

t.test('answers from before a pause do not raise the limit after it', async (t) => {
  const clock = new FakeClock();
  const limiter = limiterOf(8, clock, never);
  const answers = async (count: number): Promise<void> => {
    for (let answer = 0; answer < count; answer += 1) await limiter.run(page(9), async () => {});
  };
  await slowDown(limiter, clock);
  await answers(answersPerStep - 1);
  // A pause begins only when half of the last forty answers are refusals.
  for (let at = 0; at < 20; at += 1) await limiter.run(page(at % 3), refusal()).catch(() => undefined);
  clock.advance(100_000);
  await answers(1);
  t.equal(await slotsOf(limiter, 20), 2);
  await answers(answersPerStep - 1);
  t.equal(await slotsOf(limiter, 20), 3);
});

import t from 'tap';
import {
  MismatchError,
  NonsenseError,
  NotAskedError,
  PausedError,
  StorageError,
  UnreachableError,
} from '../../src/core/errors.ts';
import { maxWaitMs, parkDelayMs, staleDelayMs, withRetries } from '../../src/core/retry.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const never = new AbortController().signal;
const minuteMs = 60_000;

class Chance extends FakeClock {
  readonly #value: number;

  constructor(value: number) {
    super();
    this.#value = value;
  }

  override random(): number {
    return this.#value;
  }
}

/** Fails with `errors`, one after the other, then answers. */
function failing(...errors: Error[]): { asked: number; ask: () => Promise<string> } {
  const calls = {
    asked: 0,
    ask: async () => {
      const error = errors[calls.asked];
      calls.asked += 1;
      if (error !== undefined) throw error;
      return 'answer';
    },
  };
  return calls;
}

const down = (): UnreachableError => new UnreachableError('down');

t.test('an answer is passed on at once', async (t) => {
  const clock = new FakeClock();
  t.equal(await withRetries(clock, never, failing().ask), 'answer');
  t.same(clock.slept, []);
});

t.test('what is unreachable is asked five times, and the last error is passed on', async (t) => {
  const last = new UnreachableError('still down');
  const calls = failing(down(), down(), down(), down(), last, down());
  const clock = new FakeClock();
  await t.rejects(withRetries(clock, never, calls.ask), last);
  t.equal(calls.asked, 5);
  t.equal(clock.slept.length, 4, 'nobody waits after the last try');
});

t.test('the fifth try may still succeed', async (t) => {
  const calls = failing(down(), down(), down(), down());
  t.equal(await withRetries(new FakeClock(), never, calls.ask), 'answer');
  t.equal(calls.asked, 5);
});

t.test('the time between tries doubles, and chance spreads it from nothing to the whole', async (t) => {
  const slept = async (chance: number): Promise<number[]> => {
    const clock = new Chance(chance);
    await withRetries(clock, never, failing(down(), down(), down(), down()).ask);
    return clock.slept;
  };
  t.same(await slept(0), [0, 0, 0, 0]);
  t.same(await slept(0.5), [250, 500, 1000, 2000]);
  t.ok((await slept(0.999)).every((ms, attempt) => ms < 500 * 2 ** attempt));
});

t.test('only what is unreachable is asked again', async (t) => {
  const others = [
    new NonsenseError('no JSON'),
    new MismatchError('wrong bytes'),
    new StorageError('disk full'),
    new PausedError('paused'),
    new TypeError('a bug'),
  ];
  for (const error of others) {
    const calls = failing(error);
    const clock = new FakeClock();
    await t.rejects(withRetries(clock, never, calls.ask), error, error.name);
    t.same([calls.asked, clock.slept], [1, []]);
  }
});

t.test('a long Retry-After is not waited for: the error is passed on at once', async (t) => {
  const calls = failing(new UnreachableError('busy', { retryAfterMs: maxWaitMs + 1 }));
  const clock = new FakeClock();
  await t.rejects(withRetries(clock, never, calls.ask), { message: 'busy', retryAfterMs: maxWaitMs + 1 });
  t.same([calls.asked, clock.slept], [1, []]);
});

t.test('a short Retry-After is waited for, and chance spreads those who wait', async (t) => {
  const calls = failing(new UnreachableError('busy', { retryAfterMs: maxWaitMs }));
  const clock = new FakeClock();
  t.equal(await withRetries(clock, never, calls.ask), 'answer');
  t.same(clock.slept, [maxWaitMs + 250]);
});

t.test('two minutes are the longest that is waited for in all', async (t) => {
  const busy = () => new UnreachableError('busy', { retryAfterMs: 50_000 });
  const calls = failing(busy(), busy(), busy(), busy());
  await t.rejects(withRetries(new FakeClock(), never, calls.ask), { message: 'busy' });
  t.equal(calls.asked, 3);
});

t.test('what was not asked is not tried again', async (t) => {
  const calls = failing(new NotAskedError('left alone'));
  const clock = new FakeClock();
  await t.rejects(withRetries(clock, never, calls.ask), /left alone/);
  t.same([calls.asked, clock.slept], [1, []]);
});

t.test('a pause ends the waiting between tries', async (t) => {
  const pause = new AbortController();
  const calls = failing(down(), down());
  const ask = async (): Promise<string> => {
    if (calls.asked === 1) pause.abort();
    return calls.ask();
  };
  await t.rejects(withRetries(new FakeClock(), pause.signal, ask), PausedError);
  t.equal(calls.asked, 2);
});

t.test('a stale page is asked for again within seconds, then minutes, and never less than hourly', async (t) => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((attempts) => staleDelayMs(attempts));
  t.same(delays.slice(0, 3), [2_000, 5_000, 15_000]);
  t.same(
    delays.slice(3).map((ms) => ms / minuteMs),
    [1, 5, 15, 60, 60, 60],
  );
});

t.test('a failed project waits five minutes, then twice as long each time, up to a day', async (t) => {
  const minutes = [1, 2, 3, 9, 10, 11, 5000].map((attempts) => parkDelayMs(attempts) / minuteMs);
  t.same(minutes, [5, 10, 20, 1280, 1440, 1440, 1440]);
});

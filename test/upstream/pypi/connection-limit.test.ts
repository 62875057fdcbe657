/** The number of connections is found by simulation: hosts of different kinds, and a clock that only moves by events. */
import t from 'tap';
import { ConnectionLimit, type ConnectionRange } from '../../../src/upstream/pypi/connection-limit.ts';

const auto: ConnectionRange = { start: 10, max: 50 };

/** A host that is simulated. */
interface Host {
  /** Milliseconds until the first byte of an answer if it is not busy. */
  readonly latencyMs: number;
  /** Bytes per millisecond for all connections together. */
  readonly bandwidth?: number;
  /** Number of requests in progress above which it answers 429. */
  readonly maxRequests?: number;
  /** Number of requests in progress above which it works on them one after the other. */
  readonly slowAbove?: number;
  /** The part of the answers that are 503. */
  readonly failing?: number;
  /** The part of the requests that get no answer. */
  readonly losing?: number;
  /** The size of each answer, by its number. */
  readonly bytesOf?: (number: number) => number;
  /** The number of projects that the requests are for. */
  readonly projects?: number;
}

interface Simulation {
  /** The number of connections at the end. */
  readonly connections: number;
  /** The numbers of connections in the last third of the time, one for each 100 ms. */
  readonly late: readonly number[];
  readonly answers: number;
  readonly refusals: number;
}

/** Requests as much as `limit` allows for `seconds`. `demand` is the number of requests that are wanted at a time. */
function simulate(limit: ConnectionLimit, host: Host, seconds: number, demand = 600): Simulation {
  const { latencyMs, bandwidth, maxRequests, slowAbove, failing = 0, losing = 0 } = host;
  const { bytesOf = () => 20_000, projects = 1000 } = host;
  interface Request {
    readonly sentAt: number;
    readonly headAt: number;
    readonly end: number;
    readonly bytes: number;
    readonly number: number;
    readonly kind: 'answer' | 'refusal' | 'loss' | '503';
  }
  const ends: Request[] = [];
  let now = 0;
  let lineFreeAt = 0;
  let count = 0;
  let answers = 0;
  let refusals = 0;
  const seen: number[] = [];
  // A fixed sequence that looks random, so that each simulation is the same.
  let seed = 12_345;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  const send = (): void => {
    const inProgress = ends.length + 1;
    const busy = slowAbove !== undefined && inProgress > slowAbove ? inProgress / slowAbove : 1;
    const headMs = latencyMs * busy * (0.8 + random() * 0.4);
    count += 1;
    const isRefused = maxRequests !== undefined && inProgress > maxRequests;
    const kind = isRefused ? 'refusal' : random() < failing ? '503' : random() < losing ? 'loss' : 'answer';
    const bytes = kind === 'answer' ? bytesOf(count) : 0;
    let headAt = now + headMs;
    let end = headAt;
    if (bandwidth !== undefined && bytes > 0) {
      lineFreeAt = Math.max(lineFreeAt, headAt) + bytes / bandwidth;
      end = lineFreeAt;
      // The head waits in the same line.
      headAt = Math.max(headAt, end - bytes / bandwidth);
    }
    const place = ends.findLastIndex((other) => other.end <= end) + 1;
    ends.splice(place, 0, { sentAt: now, headAt, end, bytes, number: count, kind });
  };
  const subjectOf = ({ number }: Request): string => `p${number % projects}`;
  while (now < seconds * 1000) {
    while (ends.length < Math.min(limit.value, demand)) send();
    const next = ends.shift();
    if (next === undefined) throw new Error('nothing is in progress');
    now = next.end;
    while (seen.length < now / 100) seen.push(limit.value);
    const isInUse = demand > limit.value;
    if (next.kind === 'answer') {
      answers += 1;
      limit.answered(now, { headMs: next.headAt - next.sentAt, bytes: next.bytes }, isInUse, ends.length);
    } else if (next.kind === 'refusal') {
      refusals += 1;
      limit.refused(now, subjectOf(next), ends.length);
    } else if (next.kind === 'loss') limit.lost(now, subjectOf(next), ends.length);
    else limit.ended();
  }
  return { connections: limit.value, late: seen.slice((seen.length * 2) / 3), answers, refusals };
}

/** Sizes as they are at PyPI: most are small, some are large. */
function mixed(number: number): number {
  return number % 50 === 0 ? 2_000_000 : number % 7 === 0 ? 200_000 : 8_000;
}

t.test('a host 30 ms away gets the most connections within a second and a half', async (t) => {
  for (const bytesOf of [() => 20_000, mixed]) {
    const limit = new ConnectionLimit(auto);
    t.equal(simulate(limit, { latencyMs: 30, bytesOf }, 1.5).connections, 50);
  }
  const limit = new ConnectionLimit({ start: 10, max: 100 });
  t.equal(simulate(limit, { latencyMs: 30 }, 2).connections, 100, 'the most is a setting');
});

t.test('a thin line keeps the connections it began with', async (t) => {
  for (const bytesOf of [() => 20_000, mixed]) {
    const { late } = simulate(new ConnectionLimit(auto), { latencyMs: 30, bandwidth: 2_000, bytesOf }, 120);
    t.ok(mean(late) <= 15, `${mean(late)} on average at 2 MB/s`);
  }
});

t.test('a line that carries as much as twenty connections bring does not get fifty', async (t) => {
  // 20 connections x 20 KB / 30 ms = 13 MB/s.
  const { late, answers } = simulate(new ConnectionLimit(auto), { latencyMs: 30, bandwidth: 13_000 }, 60);
  t.ok(mean(late) <= 30, `${mean(late)} on average`);
  t.ok(answers * 20_000 >= 0.8 * 60_000 * 13_000, `${answers} answers of 39,000`);
});

t.test(
  'a host that refuses more than thirty requests is asked for nearly as many, and is rarely asked for more',
  async (t) => {
    const { late, answers, refusals } = simulate(new ConnectionLimit(auto), { latencyMs: 30, maxRequests: 30 }, 120);
    t.ok(mean(late) >= 18 && Math.max(...late) <= 40, `${mean(late)} on average`);
    t.ok(answers >= 60_000, `${answers} answers`);
    t.ok(refusals <= answers / 500, `${refusals} refusals`);
  },
);

t.test('a host that allows fewer than the first ten gets fewer', async (t) => {
  const { late, refusals, answers } = simulate(new ConnectionLimit(auto), { latencyMs: 30, maxRequests: 4 }, 120);
  t.ok(mean(late) <= 6, `${mean(late)} on average`);
  t.ok(refusals <= answers / 20, `${refusals} refusals, ${answers} answers`);
});

t.test('a host that gets slower above twenty requests does not get fifty', async (t) => {
  const { late } = simulate(new ConnectionLimit(auto), { latencyMs: 30, slowAbove: 20 }, 60);
  t.ok(mean(late) <= 30, `${mean(late)} on average`);
});

t.test('a host that becomes slower while it is asked loses connections', async (t) => {
  const limit = new ConnectionLimit(auto);
  t.equal(simulate(limit, { latencyMs: 30 }, 3).connections, 50);
  const { late } = simulate(limit, { latencyMs: 30, slowAbove: 12 }, 5);
  t.ok(mean(late) <= 40, `${mean(late)} on average`);
});

t.test('a tenth of answers that are 503 changes nothing', async (t) => {
  t.equal(simulate(new ConnectionLimit(auto), { latencyMs: 30, failing: 0.1 }, 3).connections, 50);
});

t.test('a few lost connections change nothing, and many halve the number', async (t) => {
  t.equal(simulate(new ConnectionLimit(auto), { latencyMs: 30, losing: 0.02 }, 3).connections, 50);
  const { late } = simulate(new ConnectionLimit(auto), { latencyMs: 30, losing: 0.5 }, 30);
  t.ok(mean(late) <= 10, `${mean(late)} on average`);
});

t.test('a burst of refusals costs seconds, and not minutes', async (t) => {
  const limit = new ConnectionLimit(auto);
  t.equal(simulate(limit, { latencyMs: 30 }, 2).connections, 50);
  t.ok(simulate(limit, { latencyMs: 30, maxRequests: 0 }, 1.5).connections <= 2);
  t.ok(simulate(limit, { latencyMs: 30 }, 10).connections >= 40);
});

t.test('one project that is refused, or loses its connections, costs the others nothing', async (t) => {
  const limit = new ConnectionLimit(auto);
  t.equal(simulate(limit, { latencyMs: 30 }, 2).connections, 50);
  t.equal(simulate(limit, { latencyMs: 30, maxRequests: 0, projects: 1 }, 5).connections, 50);
  t.equal(simulate(limit, { latencyMs: 30, losing: 0.9, projects: 2 }, 5).connections, 50);
});

t.test('a latency of nothing is no measure for what comes later', async (t) => {
  const limit = new ConnectionLimit(auto);
  simulate(limit, { latencyMs: 0.01 }, 0.5, 12);
  t.equal(simulate(limit, { latencyMs: 15 }, 30).connections, 50);
});

t.test('fewer requests than connections open no more', async (t) => {
  t.equal(simulate(new ConnectionLimit(auto), { latencyMs: 30 }, 10, 8).connections, 10);
});

t.test('a fixed number stays, comes down where requests are refused, and comes back', async (t) => {
  const limit = new ConnectionLimit({ start: 20, max: 20 });
  t.equal(simulate(limit, { latencyMs: 30 }, 5).connections, 20);
  t.ok(simulate(limit, { latencyMs: 30, maxRequests: 5 }, 1).connections < 20);
  t.equal(simulate(limit, { latencyMs: 30 }, 5).connections, 20);
});

t.test('a clock that is set back does not end the search', async (t) => {
  const limit = new ConnectionLimit(auto);
  for (let at = 0; at < 25; at += 1) limit.answered(3_600_000 + at, { headMs: 30, bytes: 1 }, true, 9);
  t.equal(simulate(limit, { latencyMs: 30 }, 2).connections, 50);
});

t.test('a clock that is set back by a day does not stop the growth for a day', async (t) => {
  const limit = new ConnectionLimit(auto);
  // 10 at a time are as fast as 20, so an increase brings nothing.
  for (let at = 0; at < 3000; at += 1) limit.answered(86_400_000 + at, { headMs: 30, bytes: 1 }, true, limit.value - 1);
  t.equal(limit.value, 10);
  t.equal(simulate(limit, { latencyMs: 30 }, 30).connections, 50);
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

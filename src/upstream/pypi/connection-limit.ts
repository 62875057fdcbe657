/**
 * Finds the number of connections to one host that is worth having: additive increase and multiplicative decrease, as
 * TCP does, and a test whether an increase has brought anything.
 *
 * - It begins with `start` connections. While all of them are in use, it tries twice as many, and keeps them if the
 *   answers or bytes a second have grown with them. If not, it goes back, and tries again only after a while.
 * - If the first bytes of answers take twice as long as they did, a fourth of the connections goes.
 * - If the host refuses requests of several projects as too many, or leaves many without an answer, half of the
 *   connections go. One comes back with each fifty answers, up to a little less than was refused.
 */
import { minuteMs } from '../../core/durations.ts';

/**
 * The numbers of connections to begin with and to stop at. Equal numbers fix it, except where the host is overloaded.
 */
export interface ConnectionRange {
  readonly start: number;
  readonly max: number;
}

/** One answer of the host. */
export interface MeasuredAnswer {
  /** Milliseconds until the head of the answer arrived. */
  readonly headMs: number;
  /** The size of the body as it was transferred. */
  readonly bytes: number;
}

/** Limits of a measurement in milliseconds. It is also as long as it takes for {@link answersPerConnection}. */
const measureMs = { min: 100, max: 3_000 };
/** Number of answers on each connection that a measurement consists of. */
const answersPerConnection = 3;
/** The part of the answers that must have found all connections in use, so that more of them could help. */
const inUseShare = 0.8;
/** The part of the proportional gain that an increase must bring: a third more connections, 10 % more answers. */
const wantedGain = 0.3;
/** Milliseconds until an increase that brought nothing is tried again. Doubled each time, up to the longest. */
const retryMs = { first: 10_000, longest: 5 * minuteMs };
/** Milliseconds for which the host is not asked for as much as it has refused. Doubled each time, up to the longest. */
const refusedMs = { first: minuteMs, longest: 16 * minuteMs };
/** Growth of the usual latency with each measurement, so that a slower route is noticed and becomes usual. */
const latencyDrift = 1.01;
/** Latency below which doubling says nothing of the host: it may as well come from this machine. */
const negligibleMs = 20;
const answersPerStep = 50;
/**
 * The part of refusals or lost connections among the answers since the last change that is too many, and the number of
 * projects that they must be about: the files of one project may be refused for a reason of their own.
 */
const tooMany = { projects: 3, refusals: 0.05, losses: 0.25 };
/** Number of connections that come back in any case, so that two bursts of refusals do not stop a run. */
const minRecovered = 4;
/** The shortest latency that is distinguished from none. */
const minHeadMs = 1;

interface Measurement {
  readonly sinceMs: number;
  answers: number;
  /** The number of answers that found all connections in use. */
  inUse: number;
  bytes: number;
  readonly heads: number[];
}

interface Rates {
  readonly limit: number;
  /** Per millisecond. */
  readonly answers: number;
  readonly bytes: number;
}

export class ConnectionLimit {
  readonly #range: ConnectionRange;
  #limit: number;
  /** The number to which one connection comes back with each fifty answers. */
  #recoverTo: number;
  #answers = 0;
  /** Number of requests whose ends say nothing about the limit, because they began before it changed. */
  #outdated = 0;
  readonly #refusals = new Failures(tooMany.refusals);
  readonly #losses = new Failures(tooMany.losses);
  /** True if connections came back since the last overload, so that another one says how many are too many. */
  #hasRecovered = true;
  /** The latest time that the clock showed. */
  #seenMs = 0;
  #measurement: Measurement | undefined;
  /** The rates before the increase that is being tried. */
  #before: Rates | undefined;
  #retryMs = retryMs.first;
  #refusedMs = refusedMs.first;
  #increaseAt = 0;
  #usualHeadMs = Number.POSITIVE_INFINITY;

  constructor(range: ConnectionRange) {
    this.#range = range;
    this.#limit = range.start;
    this.#recoverTo = range.start;
  }

  /** The number of requests that may be in progress. */
  get value(): number {
    return this.#limit;
  }

  /**
   * Records an answer that arrived at `nowMs`. `isInUse` is true if another request waited for a connection meanwhile,
   * and `inProgress` is the number of other requests in progress.
   */
  answered(nowMs: number, answer: MeasuredAnswer | undefined, isInUse: boolean, inProgress: number): void {
    this.#see(nowMs);
    this.#answers += 1;
    const isOutdated = this.#takeOutdated();
    if (this.#limit < this.#recoverTo) {
      if (this.#answers < answersPerStep) return;
      this.#change(this.#limit + 1, this.#outdated);
      this.#hasRecovered = true;
      return;
    }
    // A clock that was set back while the request was in progress makes its time negative.
    if (this.#range.start === this.#range.max || isOutdated || answer === undefined || answer.headMs < 0) return;
    this.#measurement ??= { sinceMs: nowMs, answers: 0, inUse: 0, bytes: 0, heads: [] };
    const measurement = this.#measurement;
    measurement.answers += 1;
    measurement.bytes += answer.bytes;
    measurement.inUse += isInUse ? 1 : 0;
    measurement.heads.push(answer.headMs);
    const ms = nowMs - measurement.sinceMs;
    // A clock that was set back begins another measurement.
    if (ms < 0) this.#measurement = undefined;
    else if (
      ms >= measureMs.min &&
      (measurement.answers >= this.#limit * answersPerConnection || ms >= measureMs.max)
    ) {
      this.#measurement = undefined;
      this.#evaluate(nowMs, ms, measurement, inProgress);
    }
  }

  /** Records that the host refused a request about `subject` as one too many (429). */
  refused(nowMs: number, subject: string, inProgress: number): void {
    if (!this.#takeOutdated() && this.#refusals.add(subject, this.#answers)) this.overloaded(nowMs, inProgress);
  }

  /** Records that a request about `subject` got no answer: a time-out, or a connection that broke. */
  lost(nowMs: number, subject: string, inProgress: number): void {
    if (!this.#takeOutdated() && this.#losses.add(subject, this.#answers)) this.overloaded(nowMs, inProgress);
  }

  /** Records the end of a request that says nothing about the number of connections. */
  ended(): void {
    this.#takeOutdated();
  }

  /** Halves the limit: the host is overloaded. */
  overloaded(nowMs: number, inProgress: number): void {
    this.#see(nowMs);
    const { start, max } = this.#range;
    const before = this.#limit;
    this.#change(Math.max(1, Math.floor(before / 2)), inProgress);
    // A burst of refusals, whatever the number of connections is, says nothing about how many are too many.
    if (!this.#hasRecovered) return;
    this.#hasRecovered = false;
    this.#recoverTo = start === max ? max : Math.max(Math.min(start, minRecovered), Math.floor(before * 0.9));
    this.#increaseAt = nowMs + this.#refusedMs;
    this.#refusedMs = Math.min(refusedMs.longest, this.#refusedMs * 2);
  }

  /** Lets a clock that is set back not make a wait longer. */
  #see(nowMs: number): void {
    if (nowMs < this.#seenMs) this.#increaseAt -= this.#seenMs - nowMs;
    this.#seenMs = nowMs;
  }

  /** Returns true if the answer is to a request from before the last change, and counts that one off. */
  #takeOutdated(): boolean {
    if (this.#outdated === 0) return false;
    this.#outdated -= 1;
    return true;
  }

  /** Changes the limit, while `inProgress` requests that began before are still in progress. */
  #change(limit: number, inProgress: number): void {
    this.#limit = limit;
    this.#outdated = inProgress;
    this.#answers = 0;
    this.#refusals.clear();
    this.#losses.clear();
    this.#measurement = undefined;
    this.#before = undefined;
  }

  #evaluate(nowMs: number, ms: number, { answers, inUse, bytes, heads }: Measurement, inProgress: number): void {
    const rates = { limit: this.#limit, answers: answers / ms, bytes: bytes / ms };
    const headMs = Math.max(minHeadMs, median(heads));
    const isInUse = inUse >= answers * inUseShare;
    const before = this.#before;
    this.#before = undefined;
    const isSlower = headMs > 2 * this.#usualHeadMs + negligibleMs;
    this.#usualHeadMs = Math.min(this.#usualHeadMs * latencyDrift, headMs);
    if (before !== undefined && isInUse && !hasGained(before, rates)) {
      this.#wait(nowMs);
      this.#recoverTo = before.limit;
      this.#change(before.limit, inProgress);
    } else if (isSlower && this.#limit > this.#range.start) {
      this.#wait(nowMs);
      this.#recoverTo = Math.max(this.#range.start, Math.floor(this.#limit * 0.75));
      this.#change(this.#recoverTo, inProgress);
    } else {
      this.#hasRecovered = true;
      if (before !== undefined) {
        this.#retryMs = retryMs.first;
        this.#refusedMs = refusedMs.first;
      }
      if (!isInUse || this.#limit >= this.#range.max || nowMs < this.#increaseAt) return;
      this.#recoverTo = Math.min(this.#range.max, this.#limit * 2);
      this.#change(this.#recoverTo, inProgress);
      this.#before = rates;
    }
  }

  #wait(nowMs: number): void {
    this.#increaseAt = nowMs + this.#retryMs;
    this.#retryMs = Math.min(retryMs.longest, this.#retryMs * 2);
  }
}

/** Returns true if an increase has brought enough. Small files bring more answers, large files more bytes. */
function hasGained(before: Rates, now: Rates): boolean {
  const gains = [now.answers / before.answers, ...(before.bytes > 0 ? [now.bytes / before.bytes] : [])];
  const gain = gains.reduce((sum, one) => sum + one, 0) / gains.length;
  return gain >= 1 + wantedGain * (now.limit / before.limit - 1);
}

/** The failures of one kind since the last change of the limit. */
class Failures {
  readonly #share: number;
  readonly #subjects = new Set<string>();
  #count = 0;

  /** `share` is the part of all ends of requests that is too many. */
  constructor(share: number) {
    this.#share = share;
  }

  /** Counts a failure beside `answers`. Returns true if there are too many now. */
  add(subject: string, answers: number): boolean {
    this.#count += 1;
    if (this.#subjects.size < tooMany.projects) this.#subjects.add(subject);
    return this.#subjects.size >= tooMany.projects && this.#count >= (answers + this.#count) * this.#share;
  }

  clear(): void {
    this.#subjects.clear();
    this.#count = 0;
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;
}

/**
 * What the latest answers of a host say about it. One that answers 403, 406, 429 or 503 about one project may mean just
 * that: a firewall blocks its files, or a server fails over them. Only when several projects that have nothing to do with
 * each other are refused, and no fewer than every second of those that were asked about last, it is the host that wants to
 * be left alone.
 */
import type { Clock } from '../../core/clock.ts';
import { BusyError, type UnreachableError } from '../../core/errors.ts';

/** So many projects that were asked about last are looked at. */
const remembered = 20;
/** So many must be refused; how many files they have makes no difference. */
const several = 3;
/** How long everybody waits when nobody says for how long; each time that did not help twice as long. */
const firstPauseMs = 5_000;
/** So many requests in vain since the last answer, about so many projects, and nobody is there. */
const failuresInARow = 100;
const projectsInARow = 20;

export class HostHealth {
  readonly #clock: Clock;
  /** Until when each wants to be left alone that was asked about lately, the latest last; 0 where there was an answer. */
  readonly #latest = new Map<string, number>();
  /** What was asked about in vain since there was an answer. */
  readonly #failing = new Set<string>();
  #failures = 0;
  #notBefore = 0;
  /** The latest time that the clock was seen to show. */
  #seen = 0;
  #isPausing = false;
  #pauses = 0;
  #answers = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when there is no answer any more, whatever is asked about. */
  get isSilent(): boolean {
    return this.#failures >= failuresInARow && this.#failing.size >= projectsInARow;
  }

  /** Milliseconds until the next request may be sent; 0 or less when that is now. */
  pauseMs(): number {
    const now = this.#clock.now();
    // A clock that is put back does not make the pause any longer.
    if (now < this.#seen) this.#notBefore -= this.#seen - now;
    this.#seen = now;
    if (this.#isPausing && this.#notBefore <= now) {
      this.#isPausing = false;
      // Whether it has helped the next answers tell.
      this.#latest.clear();
    }
    return this.#notBefore - now;
  }

  /** There was an answer about `subject`. */
  answered(subject: string): void {
    this.#failing.clear();
    this.#failures = 0;
    this.#remember(subject, 0);
    this.#answers += 1;
    if (this.#answers >= remembered) this.#pauses = 0;
  }

  /** There was none about `subject`. Returns whether a pause begins with that. */
  failed(subject: string, error: UnreachableError): boolean {
    this.#failures += 1;
    if (!this.isSilent) this.#failing.add(subject);
    if (!(error instanceof BusyError)) return false;
    const isNew = this.pauseMs() <= 0;
    this.#remember(subject, this.#seen + (error.retryAfterMs ?? 0));
    const until = this.#wantedPause();
    if (until === undefined) return false;
    this.#notBefore = Math.max(this.#notBefore, until, isNew ? this.#seen + firstPauseMs * 2 ** this.#pauses : 0);
    // Who complains during a pause was asked before it.
    if (!isNew) return false;
    this.#isPausing = true;
    this.#pauses += 1;
    this.#answers = 0;
    return true;
  }

  /** The time until which several want a pause. */
  #wantedPause(): number | undefined {
    const times = [...this.#latest.values()].filter((time) => time > 0).sort((one, other) => other - one);
    return times.length * 2 < this.#latest.size ? undefined : times[several - 1];
  }

  #remember(subject: string, time: number): void {
    this.#latest.delete(subject);
    this.#latest.set(subject, time);
    const [oldest = subject] = this.#latest.keys();
    if (this.#latest.size > remembered) this.#latest.delete(oldest);
  }
}

/**
 * What a URL is about: the project that it is asked for, whatever names that project has given to its files. Provenance is
 * one: where it is switched off all of it is refused, and everything else is served.
 */
export function subjectOf({ pathname }: URL, about: string | undefined): string {
  return pathname.includes('/integrity/') ? '/integrity/' : (about ?? pathname);
}

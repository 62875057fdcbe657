/**
 * Judges a host by its latest answers. A host that answers 403, 406, 429 or 503 for one project may mean only that
 * project: a firewall blocks its files, or a server fails on them. The host itself counts as overloaded only if several
 * projects are refused, and they are at least half of the projects asked about last, and half of the latest answers are
 * refusals.
 */
import type { Clock } from '../../core/clock.ts';
import { BusyError, type UnreachableError } from '../../core/errors.ts';

/** Number of projects, those asked about last, that are considered. */
const remembered = 20;
/** Number of projects that must be refused. The number of their files makes no difference. */
const several = 3;
/** Number of answers, the latest ones, of which at least half must be refusals. */
const rememberedAnswers = 40;
/** Pause in milliseconds if the host does not ask for one. Doubled each time that a pause did not help. */
const firstPauseMs = 5_000;
/**
 * Number of failed requests since the last answer, and of projects among them, from which on the host counts as silent.
 */
const silentAfterRequests = 100;
const silentAfterProjects = 20;

export class HostHealth {
  readonly #clock: Clock;
  /**
   * By project, the time in milliseconds before which the host wants no request. The project asked about last is at the
   * end; 0 means that the host answered.
   */
  readonly #latest = new Map<string, number>();
  /** True for each refusal among the latest answers. */
  readonly #refusals: boolean[] = [];
  /** Projects with failed requests since the last answer. */
  readonly #failing = new Set<string>();
  #failures = 0;
  #notBefore = 0;
  /** The latest time that the clock showed. */
  #seen = 0;
  #isPausing = false;
  #pauses = 0;
  #answers = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True if the host no longer answers any request. */
  get isSilent(): boolean {
    return this.#failures >= silentAfterRequests && this.#failing.size >= silentAfterProjects;
  }

  /** Returns the milliseconds until the next request may be sent, or 0 or less if that is now. */
  pauseMs(): number {
    const now = this.#clock.now();
    // A clock that is set back must not make the pause longer.
    if (now < this.#seen) this.#notBefore -= this.#seen - now;
    this.#seen = now;
    if (this.#isPausing && this.#notBefore <= now) {
      this.#isPausing = false;
      // The next answers show if the pause has helped.
      this.#latest.clear();
      this.#refusals.length = 0;
    }
    return this.#notBefore - now;
  }

  /** Records an answer about `subject`. */
  answered(subject: string): void {
    this.#failing.clear();
    this.#failures = 0;
    this.#remember(subject, 0);
    this.#count(false);
    this.#answers += 1;
    if (this.#answers >= remembered) this.#pauses = 0;
  }

  /** Records a failed request about `subject`. Returns true if a pause begins now. */
  failed(subject: string, error: UnreachableError): boolean {
    this.#failures += 1;
    if (!this.isSilent) this.#failing.add(subject);
    if (!(error instanceof BusyError)) return false;
    const isNew = this.pauseMs() <= 0;
    this.#count(true);
    this.#remember(subject, this.#seen + (error.retryAfterMs ?? 0));
    const until = this.#wantedPause();
    if (until === undefined) return false;
    this.#notBefore = Math.max(this.#notBefore, until, isNew ? this.#seen + firstPauseMs * 2 ** this.#pauses : 0);
    // A request that fails during a pause was sent before it.
    if (!isNew) return false;
    this.#isPausing = true;
    this.#pauses += 1;
    this.#answers = 0;
    return true;
  }

  /**
   * Returns the time until which several projects want a pause. Undefined if too few of the latest projects want one,
   * or too few of the latest answers were refusals.
   */
  #wantedPause(): number | undefined {
    if (this.#refusals.filter((isRefusal) => isRefusal).length * 2 < this.#refusals.length) return undefined;
    const times = [...this.#latest.values()].filter((time) => time > 0).sort((one, other) => other - one);
    return times.length * 2 < this.#latest.size ? undefined : times[several - 1];
  }

  #count(isRefusal: boolean): void {
    this.#refusals.push(isRefusal);
    if (this.#refusals.length > rememberedAnswers) this.#refusals.shift();
  }

  #remember(subject: string, time: number): void {
    this.#latest.delete(subject);
    this.#latest.set(subject, time);
    const [oldest = subject] = this.#latest.keys();
    if (this.#latest.size > remembered) this.#latest.delete(oldest);
  }
}

/**
 * Returns the subject of a URL: the project that it is requested for, whatever names the project gave to its files. All
 * provenance is one subject: if it is switched off, all of it is refused and everything else is served.
 */
export function subjectOf({ pathname }: URL, about: string | undefined): string {
  return pathname.includes('/integrity/') ? '/integrity/' : (about ?? pathname);
}

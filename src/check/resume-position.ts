/** Remembers the position of a check, so that an interrupted check can continue. */
import type { ProjectName } from '../core/names.ts';
import type { CheckPosition } from '../state/mirror-state.ts';
import type { Check } from './check-job.ts';

/** The position is remembered after this many projects, or after this many milliseconds. */
const projectsApart = 500;
const msApart = 5000;
/** Milliseconds after which an interrupted check starts again, because its first results are outdated. */
const longestMs = 30 * 24 * 60 * 60_000;

/** Returns what a check covers. A check with another scope starts from the beginning. */
export function scopeOf({ subset, settings }: Check): string {
  const part = subset === undefined ? 'all' : `${subset.number}/${subset.of}`;
  return settings.quick ? `quick ${part}` : part;
}

export class Position {
  readonly #check: Check;
  readonly #startedMs: number;
  /** The last project of an interrupted check with the same scope. */
  readonly resumedAfter: ProjectName | undefined;
  #projects = 0;
  #rememberedMs: number;

  constructor(check: Check) {
    const now = check.clock.now();
    const found = remembered(check, now);
    this.#check = check;
    this.#startedMs = found?.startedMs ?? now;
    this.#rememberedMs = now;
    this.resumedAfter = found?.after;
  }

  /** Counts a project. Returns true if the position should be remembered. */
  isDue(): boolean {
    this.#projects += 1;
    return this.#projects >= projectsApart || this.#check.clock.now() - this.#rememberedMs >= msApart;
  }

  /** Remembers that all projects up to `after` are checked. */
  remember(after: ProjectName | undefined): void {
    this.#projects = 0;
    this.#rememberedMs = this.#check.clock.now();
    if (after === undefined) return;
    this.#check.state.remember({ check: { scope: scopeOf(this.#check), after, startedMs: this.#startedMs } });
  }
}

function remembered(check: Check, now: number): CheckPosition | undefined {
  const { check: found } = check.state.mirror();
  return found?.scope === scopeOf(check) && now - found.startedMs < longestMs ? found : undefined;
}

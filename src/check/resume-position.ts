/** Remembers how far a check has come, so that one that is interrupted goes on from there. */
import type { ProjectName } from '../core/names.ts';
import type { CheckPosition } from '../state/mirror-state.ts';
import { checkState } from '../state/mirror-state.ts';
import { change } from '../state/state-section.ts';
import type { Check } from './check-job.ts';

/** After so many projects, or so long, the position is remembered. */
const projectsApart = 500;
const msApart = 5000;
/** What was checked before is no longer worth much. */
const longestMs = 30 * 24 * 60 * 60_000;

/** What a check does: another one begins anew. */
export function scopeOf({ subset, settings }: Check): string {
  const part = subset === undefined ? 'all' : `${subset.number}/${subset.of}`;
  return settings.quick ? `quick ${part}` : part;
}

export class Position {
  readonly #check: Check;
  readonly #startedMs: number;
  /** Where an interrupted check of the same scope stopped. */
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

  /** Counts a project; true when the position should be remembered. */
  isDue(): boolean {
    this.#projects += 1;
    return this.#projects >= projectsApart || this.#check.clock.now() - this.#rememberedMs >= msApart;
  }

  /** Remembers that everything up to `after` is checked. */
  remember(after: ProjectName | undefined): void {
    this.#projects = 0;
    this.#rememberedMs = this.#check.clock.now();
    if (after === undefined) return;
    this.#check.state.set(
      change(checkState, { check: { scope: scopeOf(this.#check), after, startedMs: this.#startedMs } }),
    );
  }
}

function remembered(check: Check, now: number): CheckPosition | undefined {
  const { check: found } = check.state.get(checkState);
  return found?.scope === scopeOf(check) && now - found.startedMs < longestMs ? found : undefined;
}

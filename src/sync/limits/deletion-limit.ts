/**
 * The brake on deletions: whatever happens upstream, a day takes no more than a small part of the mirror away before a
 * person has looked. What a change of the rules leaves out was a person's wish, and is not braked.
 *
 * A project that upstream removes counts as one. So does one that nothing requires any more, and one that loses files
 * counts as the part of its files that goes: no owner of a project counts as more than one. These two stop where all that
 * goes comes to the limit, and hold up no removal: each owner can cause them by himself.
 *
 * Each index has a brake of its own, by how many projects are from there: what one takes away holds up no other's removals.
 */
import type { Clock } from '../../core/clock.ts';
import { dayMs } from '../../core/durations.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Report } from '../../core/report.ts';
import { limitState } from '../../state/mirror-state.ts';
import type { Obstacle } from '../../state/queue.ts';
import type { RemovalCounts } from '../../state/removal-log.ts';
import { change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';

/** Sums of parts are rounded. */
const roundingError = 1e-9;

/** So many removals may go in any case, and besides them so much else. */
const minRemovalsPerDay = 2;

/** How many of so many projects may go in a day. */
export function maxDeletionsPerDay(projects: number): number {
  return Math.max(minRemovalsPerDay, Math.min(50, Math.floor(projects / 5)), Math.floor(projects / 100));
}

/** Something that would go. */
export interface Deletion {
  readonly name: ProjectName;
  /** False where only files of the project go. */
  readonly isProject: boolean;
  readonly files: number;
  /** What it counts as: 1 is a project. */
  readonly share: number;
  /** Upstream has removed the project itself. */
  readonly isRemoval: boolean;
  /** The index that it is from; undefined means the upstream. */
  readonly source: string | undefined;
}

/** What went, or may go: projects that upstream removed, and all together. */
interface Counts {
  readonly removals: number;
  readonly all: number;
}

/** The brake of one index. */
class IndexBrake {
  counts: Counts = { removals: 0, all: 0 };
  limit: Counts = { removals: minRemovalsPerDay, all: minRemovalsPerDay };
  isPulled = { removals: false, all: false };
  readonly refused = new Map<ProjectName, Deletion>();

  get maxInAll(): number {
    return Math.max(this.limit.all, this.counts.removals + minRemovalsPerDay);
  }
}

export class DeletionLimit {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #allowed: number | undefined;
  readonly #sourceOf: (name: ProjectName) => string | undefined;
  readonly #brakes = new Map<string | undefined, IndexBrake>();
  readonly #taken = new Map<ProjectName, Counts>();
  #goneShares: RemovalCounts['shares'] = new Map();
  /** Milliseconds: from when on a run counts that a person has allowed something. */
  #since: number | undefined;

  /**
   * With `allowed`, so many may go in this run besides what went before, where the day does not leave more. `sourceOf` says
   * where a project is from that went, if not from the upstream.
   */
  constructor(
    state: StateStore,
    clock: Clock,
    allowed: number | undefined,
    sourceOf: (name: ProjectName) => string | undefined,
  ) {
    this.#state = state;
    this.#clock = clock;
    this.#allowed = allowed;
    this.#sourceOf = sourceOf;
  }

  /**
   * Finds out what may go. To be called in each pass, once the changes are queued; what is held back already stays until
   * allowed.
   */
  beginPass(): void {
    if (this.#allowed === undefined) this.#beginDay();
    else this.#beginAllowed(this.#allowed);
    for (const [source, removals] of this.#state.removals.queued()) {
      const { isPulled, counts, limit } = this.#brakeOf(source);
      isPulled.removals ||= counts.removals + removals > limit.removals;
    }
    // What went in an earlier pass is remembered by the state, and what is looked at again may go now.
    this.#taken.clear();
    for (const { refused } of this.#brakes.values()) {
      for (const name of refused.keys()) {
        const { obstacle, nextTry } = this.#state.queue.entryOf(name) ?? {};
        if (!isHeldBack(obstacle) || nextTry === undefined) refused.delete(name);
      }
    }
  }

  #beginDay(): void {
    for (const [brake, most] of this.#countFrom(this.#startOfDay())) {
      brake.limit = { removals: most, all: most };
      brake.isPulled = { removals: false, all: false };
    }
    for (const [source, { removals, others }] of this.#state.removals.heldBack()) {
      this.#brakeOf(source).isPulled = { removals: removals > 0, all: others > 0 };
    }
  }

  #beginAllowed(allowed: number): void {
    const isFirst = this.#since === undefined;
    this.#since ??= this.#startOfDay();
    const mosts = this.#countFrom(this.#since);
    if (!isFirst) return;
    const waiting = new Map<IndexBrake, number>();
    for (const [source, { removals, others }] of this.#state.removals.heldBack()) {
      waiting.set(this.#brakeOf(source), removals + others);
    }
    const total = [...waiting.values()].reduce((sum, count) => sum + count, 0);
    for (const [brake, most] of mosts) {
      // What waits of all indexes together was counted by whoever has allowed it.
      const more = Math.max(0, allowed - (total - (waiting.get(brake) ?? 0)));
      const { removals, all } = brake.counts;
      brake.limit = { removals: Math.max(most, removals + more), all: Math.max(most, all + more) };
    }
    this.#state.queue.makeDue('held-back');
    this.#state.queue.makeDue('removal-held-back');
  }

  #startOfDay(): number {
    const now = this.#clock.now();
    const { deletionsAllowedAt: allowedAt = 0 } = this.#state.get(limitState);
    // A permission of a time to come is of a clock that was wrong.
    return Math.max(now - dayMs, allowedAt > now ? 0 : allowedAt);
  }

  /** Counts what went since, and returns how many a day may take of each index, of what was from there at `since`. */
  #countFrom(since: number): Map<IndexBrake, number> {
    const { removals, shares } = this.#state.removals.since(since);
    this.#goneShares = shares;
    const projects = new Map<string | undefined, number>();
    let elsewhere = 0;
    for (const { source, projects: count } of this.#state.held.sources()) {
      projects.set(source, count);
      elsewhere += count;
    }
    projects.set(undefined, this.#state.totals().projects - elsewhere);
    const gone = new Map<string | undefined, Counts>();
    const add = (name: ProjectName, more: Counts): void => {
      const source = this.#sourceOf(name);
      const { removals: before, all } = gone.get(source) ?? { removals: 0, all: 0 };
      gone.set(source, { removals: before + more.removals, all: all + more.all });
    };
    for (const name of removals) add(name, { removals: 1, all: 1 });
    for (const [name, share] of shares) add(name, { removals: 0, all: share });
    for (const source of [...projects.keys(), ...gone.keys()]) {
      this.#brakeOf(source).counts = gone.get(source) ?? { removals: 0, all: 0 };
    }
    const known = [...this.#brakes];
    return new Map(
      known.map(([source, brake]) => [brake, maxDeletionsPerDay((projects.get(source) ?? 0) + brake.counts.removals)]),
    );
  }

  #brakeOf(source: string | undefined): IndexBrake {
    const brake = this.#brakes.get(source) ?? new IndexBrake();
    this.#brakes.set(source, brake);
    return brake;
  }

  /** Whether the deletion may be done. Once one may not, none of its kind may, and where removals may not, nothing may. */
  allows(deletion: Deletion): boolean {
    const { name, isRemoval } = deletion;
    const brake = this.#brakeOf(deletion.source);
    const cost = this.#costOf(deletion);
    // A deletion that was not done to the end is tried again.
    const before = this.#taken.get(name) ?? { removals: 0, all: 0 };
    const removals = brake.counts.removals + cost.removals - before.removals;
    const all = brake.counts.all + cost.all - before.all;
    const { isPulled: pulled } = brake;
    if (isRemoval) pulled.removals ||= removals > brake.limit.removals;
    else pulled.all ||= all > brake.maxInAll + roundingError;
    if (pulled.removals || (pulled.all && !isRemoval)) {
      brake.refused.set(name, deletion);
      return false;
    }
    this.#taken.set(name, cost);
    brake.counts = { removals, all };
    return true;
  }

  #costOf({ name, isRemoval, share }: Deletion): Counts {
    const before = this.#goneShares.get(name) ?? 0;
    return { removals: isRemoval ? 1 : 0, all: (1 - before) * share };
  }

  /** Tells what was held back, if anything, and begins to count anew where a person has allowed it. */
  report(report: Report): void {
    if (this.#allowed !== undefined) this.#state.set(change(limitState, { deletionsAllowedAt: this.#clock.now() }));
    for (const [source, brake] of this.#brakes) {
      const { refused, isPulled, counts, limit } = brake;
      if (refused.size === 0) continue;
      const deletions = [...refused.values()].map(({ name, isProject, files }) => ({ name, isProject, files }));
      const [gone, most] = isPulled.removals
        ? [counts.removals, limit.removals]
        : [counts.all, Math.floor(brake.maxInAll)];
      report({ type: 'deletions-held-back', deletions, gone, limit: most, source });
    }
  }
}

function isHeldBack(obstacle: Obstacle | undefined): boolean {
  return obstacle === 'held-back' || obstacle === 'removal-held-back';
}

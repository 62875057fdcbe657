/**
 * Limits deletions: whatever happens upstream, only a small part of the mirror is removed in a day unless a person
 * allows more. A deletion that follows from a change of the rules was a person's wish, and is not limited.
 *
 * A project that upstream removes counts as one. So does a project that nothing requires any more. A project that loses
 * files counts as the share of its files that is removed, so that no owner of a project counts as more than one. These
 * last two kinds stop once all deletions together reach the limit, and never hold up a removal, because each owner
 * alone can cause them.
 *
 * Each index has its own limit, by the number of its projects. Deletions of one index do not hold up the removals of
 * another.
 */
import type { Clock } from '../../core/clock.ts';
import { dayMs } from '../../core/durations.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Report } from '../../core/report.ts';
import { limitState } from '../../state/mirror-state.ts';
import { isHeldBack } from '../../state/queue.ts';
import type { RemovalCounts } from '../../state/removal-log.ts';
import { change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';

/** Tolerance for the rounding errors of sums of shares. */
const roundingError = 1e-9;

/** Minimum number of removals allowed per day, and of other deletions besides them. */
const minRemovalsPerDay = 2;

/** Returns how many of `projects` projects may be deleted in a day. */
export function maxDeletionsPerDay(projects: number): number {
  return Math.max(minRemovalsPerDay, Math.min(50, Math.floor(projects / 5)), Math.floor(projects / 100));
}

/** A deletion that is to be done. */
export interface Deletion {
  readonly name: ProjectName;
  /** False if only files of the project are removed. */
  readonly isProject: boolean;
  readonly files: number;
  /** The share of the project that is removed. 1 is the whole project. */
  readonly share: number;
  /** True if upstream has removed the project itself. */
  readonly isRemoval: boolean;
  /** The index that the project is from. Undefined means the upstream. */
  readonly source: string | undefined;
}

/** Numbers of deletions, done or allowed: projects that upstream removed, and all deletions together. */
interface Counts {
  readonly removals: number;
  readonly all: number;
}

/** The deletion limit of one index. */
class IndexDeletions {
  counts: Counts = { removals: 0, all: 0 };
  limit: Counts = { removals: minRemovalsPerDay, all: minRemovalsPerDay };
  isReached = { removals: false, all: false };
  readonly refused = new Map<ProjectName, Deletion>();

  /** The most deletions of all kinds: removals never use up the room of the others, of which a few stay possible. */
  get maxInAll(): number {
    return Math.max(this.limit.all, this.counts.removals + minRemovalsPerDay);
  }
}

export class DeletionLimit {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #allowed: number | undefined;
  readonly #sourceOf: (name: ProjectName) => string | undefined;
  readonly #indexes = new Map<string | undefined, IndexDeletions>();
  readonly #taken = new Map<ProjectName, Counts>();
  /** The share of each project that was deleted before, since the count began. */
  #earlierShares: RemovalCounts['shares'] = new Map();
  /** Milliseconds since 1970 from which deletions are counted if a person has allowed more. */
  #since: number | undefined;

  /**
   * With `allowed`, this run may do that many deletions besides the earlier ones, if the daily limit does not leave
   * more. `sourceOf` returns the index of a deleted project, or undefined for the upstream.
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
   * Computes what may be deleted. Must be called in each pass, once the changes are queued. If deletions are held back
   * already, they stay so, like further ones of the same kind, until a person allows them. `begun` are projects whose
   * removal a run began that died: they are completed in any case, and go before all others.
   */
  beginPass(begun: readonly ProjectName[] = []): void {
    if (this.#allowed === undefined) this.#beginDay();
    else this.#beginAllowed(this.#allowed);
    for (const name of begun) {
      const index = this.#indexOf(this.#sourceOf(name));
      const { removals, all } = index.counts;
      index.counts = { removals, all: all + 1 - (this.#earlierShares.get(name) ?? 0) };
    }
    for (const [source, removals] of this.#state.removals.queued()) {
      const { isReached, counts, limit } = this.#indexOf(source);
      isReached.removals ||= counts.removals + removals > limit.removals;
    }
    // The state remembers the deletions of earlier passes. A refused deletion that is due again may be allowed now.
    this.#taken.clear();
    for (const { refused } of this.#indexes.values()) {
      for (const name of refused.keys()) {
        const { obstacle, nextTry } = this.#state.queue.entryOf(name) ?? {};
        if (!isHeldBack(obstacle) || nextTry === undefined) refused.delete(name);
      }
    }
  }

  #beginDay(): void {
    for (const [index, most] of this.#countFrom(this.#startOfDay())) {
      index.limit = { removals: most, all: most };
      index.isReached = { removals: false, all: false };
    }
    for (const [source, { removals, others }] of this.#state.removals.heldBack()) {
      this.#indexOf(source).isReached = { removals: removals > 0, all: others > 0 };
    }
  }

  #beginAllowed(allowed: number): void {
    const isFirst = this.#since === undefined;
    this.#since ??= this.#startOfDay();
    const limits = this.#countFrom(this.#since);
    if (!isFirst) return;
    const waiting = new Map<IndexDeletions, number>();
    for (const [source, { removals, others }] of this.#state.removals.heldBack()) {
      waiting.set(this.#indexOf(source), removals + others);
    }
    const total = [...waiting.values()].reduce((sum, count) => sum + count, 0);
    for (const [index, most] of limits) {
      // The person who set the number counted the deletions held back from all indexes together.
      const more = Math.max(0, allowed - (total - (waiting.get(index) ?? 0)));
      const { removals, all } = index.counts;
      index.limit = { removals: Math.max(most, removals + more), all: Math.max(most, all + more) };
    }
    this.#state.queue.makeDue('held-back');
    this.#state.queue.makeDue('removal-held-back');
  }

  #startOfDay(): number {
    const now = this.#clock.now();
    // A permission with a time in the future was written while the clock was wrong.
    const { deletionsAllowedAt: allowedAt = 0 } = this.#state.get(limitState);
    return Math.max(now - dayMs, allowedAt > now ? 0 : allowedAt);
  }

  /**
   * Counts the deletions since `since`, and returns how many a day may have of each index, by the number of its
   * projects at that time.
   */
  #countFrom(since: number): Map<IndexDeletions, number> {
    const { removals, shares } = this.#state.removals.since(since);
    this.#earlierShares = shares;
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
      this.#indexOf(source).counts = gone.get(source) ?? { removals: 0, all: 0 };
    }
    const known = [...this.#indexes];
    return new Map(
      known.map(([source, index]) => [index, maxDeletionsPerDay((projects.get(source) ?? 0) + index.counts.removals)]),
    );
  }

  #indexOf(source: string | undefined): IndexDeletions {
    const index = this.#indexes.get(source) ?? new IndexDeletions();
    this.#indexes.set(source, index);
    return index;
  }

  /**
   * Counts the deletion and returns true, if it may be done. Once one is refused, all later ones of its kind are
   * refused, and once a removal is refused, all deletions are.
   */
  admit(deletion: Deletion): boolean {
    const { name, isRemoval } = deletion;
    const index = this.#indexOf(deletion.source);
    const cost = this.#costOf(deletion);
    // A deletion that was not completed is tried again and must not count twice.
    const before = this.#taken.get(name) ?? { removals: 0, all: 0 };
    const removals = index.counts.removals + cost.removals - before.removals;
    const all = index.counts.all + cost.all - before.all;
    const { isReached: reached } = index;
    if (isRemoval) reached.removals ||= removals > index.limit.removals;
    else reached.all ||= all > index.maxInAll + roundingError;
    if (reached.removals || (reached.all && !isRemoval)) {
      index.refused.set(name, deletion);
      return false;
    }
    this.#taken.set(name, cost);
    index.counts = { removals, all };
    return true;
  }

  #costOf({ name, isRemoval, share }: Deletion): Counts {
    const before = this.#earlierShares.get(name) ?? 0;
    return { removals: isRemoval ? 1 : 0, all: (1 - before) * share };
  }

  /** Reports the deletions held back, if any. If a person has allowed deletions, starts the count again. */
  report(report: Report): void {
    if (this.#allowed !== undefined) this.#state.set(change(limitState, { deletionsAllowedAt: this.#clock.now() }));
    for (const [source, index] of this.#indexes) {
      const { refused, isReached, counts, limit } = index;
      if (refused.size === 0) continue;
      const deletions = [...refused.values()].map(({ name, isProject, files }) => ({ name, isProject, files }));
      const [gone, most] = isReached.removals
        ? [counts.removals, limit.removals]
        : [counts.all, Math.floor(index.maxInAll)];
      report({ type: 'deletions-held-back', deletions, gone, limit: most, source });
    }
  }
}

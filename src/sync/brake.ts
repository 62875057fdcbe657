/**
 * The brake on deletions: whatever happens upstream, a day takes no more than a small part of the mirror away before a
 * person has looked. What a change of the rules leaves out was a person's wish, and is not braked.
 *
 * A project that upstream removes counts as one. So does one that nothing requires any more, and one that loses files
 * counts as the part of its files that goes: no owner of a project counts as more than one. These two stop where all that
 * goes comes to the limit, and hold up no removal: each owner can cause them by himself. Of the projects of another index than
 * the upstream a run takes no larger part away.
 */
import type { Clock } from '../core/clock.ts';
import type { ProjectName } from '../core/names.ts';
import type { Report } from '../core/report.ts';
import type { Gone } from '../state/removal-log.ts';
import type { Obstacle, StateStore } from '../state/state-store.ts';

const dayMs = 24 * 60 * 60_000;
/** Sums of parts are rounded. */
const roundingError = 1e-9;

/** So many removals may go in any case, and besides them so much else. */
const always = 2;

/** How many of so many projects may go in a day. */
export function mostInADay(projects: number): number {
  return Math.max(always, Math.min(50, Math.floor(projects / 5)), Math.floor(projects / 100));
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
  /** Where it is from, if not from the upstream. */
  readonly source?: string | undefined;
}

/** What went, or may go: projects that upstream removed, and all together. */
interface Counts {
  readonly removals: number;
  readonly all: number;
}

export class Brake {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #allowed: number | undefined;
  readonly #taken = new Map<ProjectName, Counts>();
  readonly #refused = new Map<ProjectName, Deletion>();
  /** What other indexes have removed in this run, and how many projects are from there at most. */
  readonly #elsewhere = new Map<string, { readonly gone: Set<ProjectName>; readonly projects: number }>();
  #goneShares: Gone['shares'] = new Map();
  #counts: Counts = { removals: 0, all: 0 };
  #limit: Counts = { removals: 0, all: 0 };
  #isPulled = { removals: false, all: false };
  /** Milliseconds: from when on a run counts that a person has allowed something. */
  #since: number | undefined;

  /** With `allowed`, so many may go in this run besides what went before, where the day does not leave more. */
  constructor(state: StateStore, clock: Clock, allowed: number | undefined) {
    this.#state = state;
    this.#clock = clock;
    this.#allowed = allowed;
  }

  /**
   * Finds out what may go. To be called in each pass, once the changes are queued; what is held back already stays until
   * allowed.
   */
  begin(): void {
    if (this.#allowed === undefined) this.#beginDay();
    else this.#beginAllowed(this.#allowed);
    this.#isPulled.removals ||= this.#counts.removals + this.#state.removals.queued() > this.#limit.removals;
    // What went in an earlier pass is remembered by the state, and what is looked at again may go now.
    this.#taken.clear();
    for (const name of this.#refused.keys()) {
      const { obstacle, nextTry } = this.#state.queued(name) ?? {};
      if (!isHeldBack(obstacle) || nextTry === undefined) this.#refused.delete(name);
    }
  }

  #beginDay(): void {
    const most = this.#countFrom(this.#startOfDay());
    this.#limit = { removals: most, all: most };
    const { removals, others } = this.#state.removals.heldBack();
    this.#isPulled = { removals: removals > 0, all: others > 0 };
  }

  #beginAllowed(allowed: number): void {
    const isFirst = this.#since === undefined;
    this.#since ??= this.#startOfDay();
    const most = this.#countFrom(this.#since);
    if (!isFirst) return;
    const { removals, all } = this.#counts;
    this.#limit = { removals: Math.max(most, removals + allowed), all: Math.max(most, all + allowed) };
    this.#state.wake('held-back');
    this.#state.wake('removal-held-back');
  }

  #startOfDay(): number {
    const now = this.#clock.now();
    const { deletionsAllowedAt: allowedAt = 0 } = this.#state.mirror();
    // A permission of a time to come is of a clock that was wrong.
    return Math.max(now - dayMs, allowedAt > now ? 0 : allowedAt);
  }

  /** Returns how many a day may take of what there was at `since`. */
  #countFrom(since: number): number {
    const { removals, shares } = this.#state.removals.since(since);
    this.#goneShares = shares;
    const all = [...shares.values()].reduce((sum, share) => sum + share, removals);
    this.#counts = { removals, all };
    return mostInADay(this.#state.totals().projects + removals);
  }

  /** Whether the deletion may be done. Once one may not, none of its kind may, and where removals may not, nothing may. */
  allows(deletion: Deletion): boolean {
    const { name, isRemoval } = deletion;
    const cost = this.#costOf(deletion);
    // A deletion that was not done to the end is tried again.
    const before = this.#taken.get(name) ?? { removals: 0, all: 0 };
    const removals = this.#counts.removals + cost.removals - before.removals;
    const all = this.#counts.all + cost.all - before.all;
    const pulled = this.#isPulled;
    if (isRemoval) pulled.removals ||= removals > this.#limit.removals || this.#isMuchOf(deletion);
    else pulled.all ||= all > this.#mostInAll() + roundingError;
    if (pulled.removals || (pulled.all && !isRemoval)) {
      this.#refused.set(name, deletion);
      return false;
    }
    this.#taken.set(name, cost);
    this.#counts = { removals, all };
    return true;
  }

  /** Whether too much of a small index goes, which is little of the whole mirror. */
  #isMuchOf({ name, source }: Deletion): boolean {
    if (source === undefined || this.#allowed !== undefined) return false;
    const known = this.#elsewhere.get(source);
    const { gone, projects } = known ?? { gone: new Set(), projects: this.#state.publishedFrom(source).length };
    this.#elsewhere.set(source, { gone: gone.add(name), projects });
    return gone.size > mostInADay(projects);
  }

  #costOf({ name, isRemoval, share }: Deletion): Counts {
    const before = this.#goneShares.get(name) ?? 0;
    return { removals: isRemoval ? 1 : 0, all: (1 - before) * share };
  }

  #mostInAll(): number {
    return Math.max(this.#limit.all, this.#counts.removals + always);
  }

  /** Tells what was held back, if anything, and begins to count anew where a person has allowed it. */
  end(report: Report): void {
    if (this.#allowed !== undefined) this.#state.remember({ deletionsAllowedAt: this.#clock.now() });
    if (this.#refused.size === 0) return;
    const deletions = [...this.#refused.values()].map(({ name, isProject, files }) => ({ name, isProject, files }));
    const [gone, limit] = this.#isPulled.removals
      ? [this.#counts.removals, this.#limit.removals]
      : [this.#counts.all, Math.floor(this.#mostInAll())];
    report({ type: 'deletions-held-back', deletions, gone, limit });
  }
}

function isHeldBack(obstacle: Obstacle | undefined): boolean {
  return obstacle === 'held-back' || obstacle === 'removal-held-back';
}

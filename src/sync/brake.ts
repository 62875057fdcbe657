/**
 * The brake on deletions: whatever happens upstream, a day takes no more than a small part of the mirror away before a
 * person has looked. What a change of the rules leaves out was a person's wish, and is not braked.
 */
import type { Clock } from '../core/clock.ts';
import type { ProjectName } from '../core/names.ts';
import type { Report } from '../core/report.ts';
import type { StateStore } from '../state/state-store.ts';

const dayMs = 24 * 60 * 60_000;
/** So many projects and so many files may go in a day in any case. */
const freely = 50;
const freeShare = 0.01;

/** A project that would go, and so many of its files; or only these files. */
export interface Deletion {
  readonly name: ProjectName;
  readonly isProject: boolean;
  readonly files: number;
}

interface Counts {
  readonly projects: number;
  readonly files: number;
}

export class Brake {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #allowed: number | undefined;
  readonly #taken = new Map<ProjectName, Deletion>();
  readonly #refused = new Map<ProjectName, Deletion>();
  #counts: Counts = { projects: 0, files: 0 };
  #limit: Counts = { projects: freely, files: freely };
  #isPulled = false;
  /** Milliseconds. */
  #startedAt: number | undefined;

  /** With `allowed`, so many projects and files may go in this run, whatever went before. */
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
    const now = this.#clock.now();
    if (this.#allowed === undefined) this.#beginDay(now);
    else this.#beginAllowed(this.#allowed, now);
    // What went in an earlier pass is remembered by the state, and what is looked at again may go now.
    this.#taken.clear();
    for (const name of this.#refused.keys()) {
      const queued = this.#state.queued(name);
      if (queued?.obstacle !== 'held-back' || queued.nextTry === undefined) this.#refused.delete(name);
    }
  }

  #beginAllowed(allowed: number, now: number): void {
    this.#limit = { projects: allowed, files: allowed };
    this.#state.wake('held-back');
    if (this.#startedAt === undefined) this.#startedAt = now;
    else this.#counts = this.#state.removals.since(this.#startedAt - 1);
    this.#isPulled ||= this.#counts.projects + this.#state.removals.queued() > allowed;
  }

  #beginDay(now: number): void {
    const { projects, files, heldBack } = this.#state.totals();
    const queued = this.#state.removals.queued();
    const { deletionsAllowedAt: allowedAt = 0 } = this.#state.mirror();
    // A permission of a time to come is of a clock that was wrong.
    this.#counts = this.#state.removals.since(Math.max(now - dayMs, allowedAt > now ? 0 : allowedAt));
    this.#limit = { projects: mostOf(projects), files: mostOf(files) };
    this.#isPulled = heldBack > 0 || this.#counts.projects + queued > this.#limit.projects;
  }

  /** Whether the deletion may be done. Once one may not, none may. */
  allows(deletion: Deletion): boolean {
    const { name, isProject } = deletion;
    // A deletion that was not done to the end is tried again.
    const before = this.#taken.get(name);
    const projects = this.#counts.projects + Number(isProject) - Number(before?.isProject ?? false);
    const files = this.#counts.files + deletion.files - (before?.files ?? 0);
    this.#isPulled ||= projects > this.#limit.projects || files > this.#limit.files;
    if (this.#isPulled) this.#refused.set(name, deletion);
    else {
      this.#taken.set(name, deletion);
      this.#counts = { projects, files };
    }
    return !this.#isPulled;
  }

  /** Tells what was held back, if anything, and begins to count anew where a person has allowed it. */
  end(report: Report): void {
    if (this.#allowed !== undefined) this.#state.remember({ deletionsAllowedAt: this.#clock.now() });
    if (this.#refused.size === 0) return;
    const [gone, limit] = [this.#counts, this.#limit];
    report({ type: 'deletions-held-back', deletions: [...this.#refused.values()], gone, limit });
  }
}

function mostOf(all: number): number {
  return Math.max(freely, Math.floor(all * freeShare));
}

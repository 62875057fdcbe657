/** Works through the queue: many projects at a time, removals first, and none of them in the way of the others. */
import { MismatchError, NonsenseError, throwIfPaused, UnreachableError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import { longestWaitMs, parkDelayMs } from '../core/retry.ts';
import type { Due } from '../state/state-store.ts';
import type { Mirror } from './mirror.ts';
import { syncProject } from './sync-project.ts';

/** Projects under way: far more than connections, because most of them wait for a flush that they share. */
const mostUnderWay = 256;
const queuePiece = 1000;
/** A run waits this long for a project whose next try is near; what takes longer is left to the next run. */
const patienceMs = 60_000;
/** So many projects in a row without an answer: upstream is down, and the rest of the queue need not find out. */
const failuresInARow = 20;

/** What a pass over the queue came to. */
export interface WorkResult {
  /** Projects that were published, found unchanged, or removed. */
  readonly done: number;
  /** Projects that were tried and stay queued. */
  readonly parked: ReadonlySet<ProjectName>;
}

/** Works until nothing is due. Throws what ends the run: UnreachableError, StorageError, PausedError. */
export function workThroughQueue(mirror: Mirror): Promise<WorkResult> {
  return new QueueWorker(mirror).run();
}

class QueueWorker {
  readonly #mirror: Mirror;
  readonly #only: ReadonlySet<ProjectName> | undefined;
  readonly #underWay = new Set<Promise<void>>();
  readonly #parked = new Map<ProjectName, number>();
  #done = 0;
  #failures = 0;
  #fatal: unknown;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
    this.#only = mirror.settings.projects === undefined ? undefined : new Set(mirror.settings.projects);
  }

  async run(): Promise<WorkResult> {
    const { clock, signal, report, settings } = this.#mirror;
    for (;;) {
      await this.#pass(true);
      await this.#pass(false);
      const ms = Math.min(...this.#parked.values()) - clock.now();
      if (ms > patienceMs || settings.dryRun) break;
      report({
        type: 'waiting',
        ms,
        why: 'for pages that upstream has not refreshed yet',
      });
      await clock.sleep(Math.max(ms, 1), signal);
    }
    return { done: this.#done, parked: new Set(this.#parked.keys()) };
  }

  /** Once over everything that is due, in the order of names. */
  async #pass(removed: boolean): Promise<void> {
    const { state, clock, signal } = this.#mirror;
    let after: ProjectName | undefined;
    for (;;) {
      const piece = state.due(clock.now(), removed, after, queuePiece);
      for (const due of piece) {
        if (this.#only !== undefined && !this.#only.has(due.name)) continue;
        if (this.#underWay.size >= mostUnderWay) await Promise.race(this.#underWay);
        if (this.#fatal !== undefined || signal.aborted) break;
        const work = this.#work(due).finally(() => this.#underWay.delete(work));
        this.#underWay.add(work);
      }
      after = piece.at(-1)?.name;
      if (after === undefined || this.#fatal !== undefined || signal.aborted) break;
    }
    await Promise.all(this.#underWay);
    if (this.#fatal !== undefined) throw this.#fatal;
    throwIfPaused(signal);
  }

  /** Never rejects: a project's failure is its own, and what ends the run is kept for the end of the pass. */
  async #work(due: Due): Promise<void> {
    const { report } = this.#mirror;
    report({ type: 'project-started', name: due.name });
    try {
      const outcome = await syncProject(this.#mirror, due);
      this.#failures = 0;
      if ('wait' in outcome) return this.#park(due, outcome.wait, outcome.delayMs, true);
      this.#parked.delete(due.name);
      this.#done += 1;
      report({ type: 'project-done', name: due.name, outcome: outcome.done });
    } catch (error) {
      try {
        this.#fail(due, error);
      } catch (fatal) {
        this.#fatal ??= fatal;
      }
    }
  }

  #fail(due: Due, error: unknown): void {
    if (!(error instanceof UnreachableError || error instanceof NonsenseError || error instanceof MismatchError)) {
      throw error;
    }
    this.#park(due, error.message, parkDelayMs(due.attempts + 1), false);
    if (!(error instanceof UnreachableError)) return;
    this.#failures += 1;
    if (this.#failures >= failuresInARow || (error.retryAfterMs ?? 0) > longestWaitMs) throw error;
  }

  #park(due: Due, reason: string, delayMs: number, expected: boolean): void {
    const { state, clock, report, settings } = this.#mirror;
    const nextTry = clock.now() + delayMs;
    if (!settings.dryRun)
      state.park({
        due: { ...due, attempts: due.attempts + 1 },
        reason,
        nextTry,
      });
    this.#parked.set(due.name, nextTry);
    report({
      type: 'project-parked',
      name: due.name,
      reason,
      nextTry,
      expected,
    });
  }
}

/** Works through the queue: many projects at a time, removals first, and none of them in the way of the others. */
import {
  BusyError,
  DoesNotFitError,
  MismatchError,
  NonsenseError,
  NotAskedError,
  throwIfPaused,
  UnreachableError,
} from '../core/errors.ts';
import { GroupCommit } from '../core/group-commit.ts';
import type { ProjectName } from '../core/names.ts';
import { Places } from '../core/places.ts';
import { parkDelayMs } from '../core/retry.ts';
import type { Due, Finished, Obstacle, Parked } from '../state/state-store.ts';
import type { Mirror } from './mirror.ts';
import { syncProject } from './sync-project.ts';

/** Projects under way: far more than connections, because most of them wait for a flush that they share. */
const mostUnderWay = 600;
const queuePiece = 1000;
/** A run waits this long for a project whose next try is near; what takes longer is left to the next run. */
const patienceMs = 60_000;
/** So many projects without an answer that were all begun since there was one: the rest of the queue need not find out. */
const failuresInARow = 20;
/** What upstream asks to be left alone for longer than that is tried again sooner: nobody blinds a mirror for a day. */
const longestRespiteMs = 60 * 60_000;

/** What time or a person will heal, and nothing is wrong with. */
const expectedObstacles: ReadonlySet<Obstacle> = new Set(['absent', 'stale', 'held-back', 'removal-held-back']);

/** What concerns one project, and leaves the others alone. */
const projectFailures = [UnreachableError, NonsenseError, MismatchError, DoesNotFitError];

/** What a pass over the queue came to. */
export interface WorkResult {
  /** Projects that were published, found unchanged, or removed. */
  readonly done: number;
  /** Projects that were tried and stay queued. */
  readonly parked: ReadonlySet<ProjectName>;
}

/**
 * Works until nothing is due. `parked` holds the projects that the run has tried in vain, with the times of their next
 * tries; it is brought up to date. Throws what ends the run: UnreachableError, StorageError, PausedError.
 */
export function workThroughQueue(mirror: Mirror, parked: Map<ProjectName, number>): Promise<WorkResult> {
  return new QueueWorker(mirror, parked).run();
}

class QueueWorker {
  readonly #mirror: Mirror;
  readonly #only: ReadonlySet<ProjectName> | undefined;
  readonly #places = new Places(mostUnderWay);
  readonly #finished: GroupCommit<Finished>;
  readonly #parked: Map<ProjectName, number>;
  #done = 0;
  /** How often a project got an answer, and how many did not that were begun since the last one did. */
  #successes = 0;
  #failures = 0;
  /** Why projects were left for the next run, if some were. */
  #notAsked: NotAskedError | undefined;
  #fatal: unknown;

  constructor(mirror: Mirror, parked: Map<ProjectName, number>) {
    this.#mirror = mirror;
    this.#parked = parked;
    this.#finished = new GroupCommit(mirror.clock, async (finished) => mirror.state.finish(finished));
    this.#only = mirror.settings.projects === undefined ? undefined : new Set(mirror.settings.projects);
  }

  async run(): Promise<WorkResult> {
    const { clock, signal, report, settings } = this.#mirror;
    for (;;) {
      // A dry run leaves the queue as it is, so that the second pass sees the removals, too.
      if (!settings.dryRun) await this.#pass(true);
      await this.#pass(false);
      const ms = this.#nextTry() - clock.now();
      if (ms > patienceMs || settings.dryRun) break;
      report({ type: 'waiting', ms, why: 'for pages that upstream has not refreshed yet' });
      await clock.sleep(Math.max(ms, 1), signal);
    }
    if (this.#notAsked !== undefined) throw this.#notAsked;
    return { done: this.#done, parked: new Set(this.#parked.keys()) };
  }

  /** Infinity when nothing is parked. */
  #nextTry(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const nextTry of this.#parked.values()) earliest = Math.min(earliest, nextTry);
    return earliest;
  }

  /** Once over everything that is due, in the order of names. */
  async #pass(removed: boolean): Promise<void> {
    const { state, clock, signal } = this.#mirror;
    let after: ProjectName | undefined;
    for (;;) {
      const piece = state.due(clock.now(), removed, after, queuePiece);
      for (const due of piece) {
        if (this.#only !== undefined && !this.#only.has(due.name)) continue;
        await this.#places.take();
        if (this.#fatal !== undefined || signal.aborted) {
          this.#places.give();
          break;
        }
        void this.#work(due).finally(() => this.#places.give());
      }
      after = piece.at(-1)?.name;
      if (after === undefined || this.#fatal !== undefined || signal.aborted) break;
    }
    await this.#places.allFree();
    if (this.#fatal !== undefined) throw this.#fatal;
    throwIfPaused(signal);
  }

  /** Never rejects: a project's failure is its own, and what ends the run is kept for the end of the pass. */
  async #work(due: Due): Promise<void> {
    const { state, report, settings } = this.#mirror;
    const begunAt = this.#successes;
    report({ type: 'project-started', name: due.name });
    try {
      const outcome = await syncProject(this.#mirror, due);
      this.#successes += 1;
      this.#failures = 0;
      if ('wait' in outcome) return this.#park(due, outcome.obstacle, outcome.wait, outcome.delayMs);
      const { finished, stays } = outcome;
      // Nothing is removed where upstream still does not have what never was here.
      const isChange = finished.kind !== 'removed' || state.held(due.name).published;
      if (!settings.dryRun)
        await this.#finished.add(stays && finished.kind === 'published' ? { ...finished, stays } : finished);
      if (stays !== undefined) this.#tellParked(due, stays);
      else this.#parked.delete(due.name);
      this.#done += 1;
      report({ type: 'project-done', name: due.name, outcome: isChange ? finished.kind : 'unchanged' });
    } catch (error) {
      try {
        this.#fail(due, error, begunAt === this.#successes);
      } catch (fatal) {
        this.#fatal ??= fatal;
      }
    }
  }

  #fail(due: Due, error: unknown, isInARow: boolean): void {
    if (!projectFailures.some((kind) => error instanceof kind)) throw error;
    // What was not asked is due in the next run.
    if (error instanceof NotAskedError) this.#notAsked ??= error;
    else {
      const reason = error instanceof Error ? error.message : String(error);
      const obstacle = error instanceof DoesNotFitError ? 'no-room' : 'failed';
      const wantedMs = error instanceof UnreachableError ? Math.min(error.retryAfterMs ?? 0, longestRespiteMs) : 0;
      this.#park(due, obstacle, reason, Math.max(parkDelayMs(due.attempts + 1), wantedMs));
    }
    // Whether a host is busy is for the limiter to find out.
    if (!(error instanceof UnreachableError) || error instanceof BusyError || !isInARow) return;
    this.#failures += 1;
    if (this.#failures >= failuresInARow) throw error;
  }

  #park(due: Due, obstacle: Obstacle, reason: string, delayMs: number): void {
    const { state, clock, settings } = this.#mirror;
    const nextTry = clock.now() + delayMs;
    const parked = { due: { ...due, attempts: due.attempts + 1 }, obstacle, reason, nextTry };
    if (!settings.dryRun) state.park(parked);
    this.#tellParked(due, parked);
  }

  #tellParked({ name }: Due, { obstacle, reason, nextTry }: Omit<Parked, 'due'>): void {
    this.#parked.set(name, nextTry);
    const expected = expectedObstacles.has(obstacle);
    this.#mirror.report({ type: 'project-parked', name, reason, nextTry, expected });
  }
}

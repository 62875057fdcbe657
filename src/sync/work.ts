/** Works through the queue: many projects at a time, removals first, and none of them in the way of the others. */
import { hourMs, minuteMs } from '../core/durations.ts';
import {
  BusyError,
  DoesNotFitError,
  NotAskedError,
  PausedError,
  StorageError,
  TooSlowError,
  throwIfPaused,
  UnfitFileError,
  UnreachableError,
} from '../core/errors.ts';
import { inPages } from '../core/in-pages.ts';
import type { ProjectName } from '../core/names.ts';
import type { MirrorEvent } from '../core/report.ts';
import { isWaiting, parkDelayMs } from '../core/retry.ts';
import { Semaphore } from '../core/semaphore.ts';
import type { Obstacle, Parked, QueuedProject } from '../state/queue.ts';
import { crashCountOf } from './crashed-projects.ts';
import { FinishBatcher } from './finish-batch.ts';
import { publishChangeFeed } from './index/publish-change-feed.ts';
import type { Mirror } from './mirror.ts';
import { announcesLoss } from './project/changelog-status.ts';
import { bugAlarmFor, failureText } from './project/failure-message.ts';
import { isSilence } from './project/page/project-source.ts';
import { syncProject } from './project/sync-project.ts';

/**
 * Maximum number of projects in progress: far more than connections, because most of them wait for a flush that they
 * share.
 */
const maxConcurrentProjects = 600;
/** Maximum number of projects in progress that upstream has changed during the run. They do not wait for the others. */
const maxConcurrentChanged = 20;
/** Number of queued projects that are read at a time. */
const queueBatchSize = 1000;
/** Maximum milliseconds that a run waits for the next try of a project. A later try is left to the next run. */
const maxWaitMs = minuteMs;
/**
 * Number of projects in a row without an answer after which the rest of the queue is not tried. Only projects begun
 * since the last answer count.
 */
const maxUnansweredProjects = 20;
/** Maximum pause in milliseconds that upstream can impose on a project, so that nobody stops a mirror for a day. */
const maxImposedDelayMs = hourMs;

/** The obstacles that are expected: time or a person will resolve them, and nothing is wrong. */
const expectedObstacles: ReadonlySet<Obstacle> = new Set(['absent', 'stale', 'held-back', 'removal-held-back']);

/** The result of working through the queue. */
export interface WorkResult {
  /** The number of projects that were published, found unchanged, or removed. */
  readonly done: number;
  /** The projects that were tried and stay queued. */
  readonly parked: ReadonlySet<ProjectName>;
  /** The error because of which other projects were not tried. They stay due. */
  readonly trouble?: UnreachableError | undefined;
}

/** A source of upstream's changes while the queue is worked on. */
export interface ChangeSource {
  /** Returns true if it is time to read. */
  isDue(mirror: Mirror): boolean;
  /** Queues the changed projects that concern `mirror` as it is now, and returns their names. */
  read(mirror: Mirror): Promise<readonly ProjectName[]>;
}

/** The data that lasts longer than working through the queue once. */
export interface RunProgress {
  /** The projects that failed in this run, with the times of their next tries. It is updated. */
  readonly parked: Map<ProjectName, number>;
  readonly changes: ChangeSource;
}

/**
 * Works until nothing is due except crash suspects, which were in progress when a run died. Throws the error that ends
 * the run: UnreachableError, StorageError, PausedError.
 */
export function workThroughQueue(mirror: Mirror, progress: RunProgress): Promise<WorkResult> {
  return new QueueWorker(mirror, progress).run(false);
}

/**
 * Works on the crash suspects, one project at a time, to find out which one kills the process. Throws the same errors.
 */
export function workOnCrashSuspects(mirror: Mirror, progress: RunProgress): Promise<WorkResult> {
  return new QueueWorker(mirror, progress).run(true);
}

class QueueWorker {
  readonly #mirror: Mirror;
  readonly #only: ReadonlySet<ProjectName> | undefined;
  readonly #slots = new Semaphore(maxConcurrentProjects);
  readonly #changedSlots = new Semaphore(maxConcurrentChanged);
  readonly #finisher: FinishBatcher;
  readonly #parked: Map<ProjectName, number>;
  readonly #changes: ChangeSource;
  readonly #inProgress = new Set<ProjectName>();
  /** The projects that upstream changed since this piece of the queue was read. */
  readonly #changedSinceRead = new Set<ProjectName>();
  /** The projects begun before their turn because some of their files disappear. */
  readonly #startedEarly = new Set<ProjectName>();
  /** The projects that upstream changed while they are in progress. */
  readonly #toRepeat = new Set<ProjectName>();
  #readingChanges: Promise<void> | undefined;
  #done = 0;
  /**
   * The number of projects that got an answer, and the number of those without one that were begun since the last
   * answer.
   */
  #answers = 0;
  #unanswered = 0;
  /** The error because of which projects were left for the next run, if any. */
  #notAsked: NotAskedError | undefined;
  #fatal: unknown;
  /** The indexes beside the upstream that do not answer, and the project that reported it. */
  readonly #silent = new Map<string, ProjectName>();

  constructor(mirror: Mirror, { parked, changes }: RunProgress) {
    const report = (event: MirrorEvent): void => {
      mirror.report(event);
      this.#readChangesIfDue();
    };
    this.#mirror = { ...mirror, report };
    this.#parked = parked;
    this.#changes = changes;
    this.#finisher = new FinishBatcher(mirror.state, mirror.clock);
    this.#only = mirror.settings.projects === undefined ? undefined : new Set(mirror.settings.projects);
  }

  async run(onlySuspects: boolean): Promise<WorkResult> {
    const { signal, state, settings } = this.#mirror;
    // A run that is asked to stop and then killed did not die because of a project.
    const endProgress = (): void => (settings.dryRun ? undefined : state.inProgress.end());
    signal.addEventListener('abort', endProgress, { once: true });
    try {
      await (onlySuspects ? this.#workOnSuspects() : this.#workUntilNothingIsDue());
    } finally {
      signal.removeEventListener('abort', endProgress);
      await this.#readingChanges;
      endProgress();
    }
    this.#throwIfOver();
    return { done: this.#done, parked: new Set(this.#parked.keys()), trouble: this.#notAsked };
  }

  async #workUntilNothingIsDue(): Promise<void> {
    const { clock, signal, report, settings } = this.#mirror;
    for (;;) {
      // A dry run does not change the queue, so it meets the removals among the untried projects, too.
      if (!settings.dryRun) {
        await this.#workOnDue('removed');
        await this.#startProjectsWithLosses();
      }
      await this.#workOnDue('untried');
      await this.#workOnDue('failed');
      const ms = this.#nextTry() - clock.now();
      if (ms > maxWaitMs || settings.dryRun) return;
      report({ type: 'waiting', ms, why: 'for pages that upstream has not refreshed yet' });
      await clock.sleep(Math.max(ms, 1), signal);
    }
  }

  /** Returns the earliest time of a next try in milliseconds since 1970, or Infinity if nothing is parked. */
  #nextTry(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const nextTry of this.#parked.values()) earliest = Math.min(earliest, nextTry);
    return earliest;
  }

  /**
   * Works once on every due project of this kind, in the order of names. Crash suspects that are
   * to be removed come last, and the others are left out. Projects that failed last time are a kind of their own: if
   * they hold up the rest, the rest is done by then.
   */
  async #workOnDue(kind: 'removed' | 'untried' | 'failed'): Promise<void> {
    const { state, clock } = this.#mirror;
    const removed = kind === 'removed';
    const suspects: QueuedProject[] = [];
    for (const piece of this.#pieces((after) => state.queue.due(clock.now(), removed, after, queueBatchSize))) {
      for (const due of piece) {
        if (!this.#isAsked(due) || !(removed || (due.obstacle === 'failed') === (kind === 'failed'))) continue;
        if (crashCountOf(due) > 0) suspects.push(due);
        else await this.#start(due, this.#slots);
      }
    }
    await this.#slots.idle();
    if (removed) for (const due of suspects) if (!this.#isOver()) await this.#work(due);
    this.#throwIfOver();
  }

  /** Starts the projects that lose something. Files that they gain at the same time do not delay the other projects. */
  async #startProjectsWithLosses(): Promise<void> {
    const { state, clock } = this.#mirror;
    this.#startedEarly.clear();
    for (const piece of this.#pieces((after) => state.queue.dueAnnounced(clock.now(), after, queueBatchSize))) {
      for (const due of piece) {
        if (!this.#isAsked(due) || crashCountOf(due) > 0 || !announcesLoss(state.changelog.of(due.name))) continue;
        this.#startedEarly.add(due.name);
        await this.#start(due, this.#slots);
      }
    }
  }

  /**
   * Yields the queue in pieces until the run is over. A project that changes while its piece is worked on is read
   * again.
   */
  *#pieces(read: (after: ProjectName | undefined) => readonly QueuedProject[]): Iterable<readonly QueuedProject[]> {
    const readBatch = (after: ProjectName | undefined): readonly QueuedProject[] => {
      this.#changedSinceRead.clear();
      return read(after);
    };
    for (const piece of inPages(readBatch)) {
      yield piece;
      if (this.#isOver()) return;
    }
  }

  async #workOnSuspects(): Promise<void> {
    const { state, clock } = this.#mirror;
    for (const name of state.inProgress.crashSuspects(clock.now())) {
      const due = this.#dueNow(name);
      if (due !== undefined && this.#isAsked(due) && !this.#isOver()) await this.#work(due);
    }
  }

  #isAsked({ name }: QueuedProject): boolean {
    return this.#only?.has(name) !== false;
  }

  #isOver(): boolean {
    return this.#fatal !== undefined || this.#mirror.signal.aborted;
  }

  #throwIfOver(): void {
    if (this.#fatal !== undefined) throw this.#fatal;
    throwIfPaused(this.#mirror.signal);
  }

  /** Starts to work on a project as soon as a slot is free. */
  async #start(due: QueuedProject, slots: Semaphore): Promise<void> {
    await slots.acquire();
    const isOutdated = this.#changedSinceRead.has(due.name) || this.#startedEarly.has(due.name);
    const now = isOutdated ? this.#dueNow(due.name) : due;
    if (now === undefined || this.#inProgress.has(due.name) || this.#isOver()) slots.release();
    else void this.#work(now).finally(() => slots.release());
  }

  #dueNow(name: ProjectName): QueuedProject | undefined {
    const { state, clock } = this.#mirror;
    const queued = state.queue.entryOf(name);
    return isWaiting(queued?.nextTry, clock.now()) ? undefined : queued;
  }

  #readChangesIfDue(): void {
    if (this.#readingChanges !== undefined || this.#isOver() || !this.#changes.isDue(this.#mirror)) return;
    this.#readingChanges = this.#workOnChanges().finally(() => {
      this.#readingChanges = undefined;
    });
  }

  /** Works on what has changed upstream during the run, removals first. Never rejects. */
  async #workOnChanges(): Promise<void> {
    try {
      const names = await this.#changes.read(this.#mirror);
      for (const name of names) (this.#inProgress.has(name) ? this.#toRepeat : this.#changedSinceRead).add(name);
      const all = names.flatMap((name) => this.#dueNow(name) ?? []).filter((due) => this.#isAsked(due));
      for (const due of this.#inOrder(all)) {
        if (crashCountOf(due) === 0) await this.#start(due, this.#changedSlots);
      }
      await this.#changedSlots.idle();
      // The mirrors that mirror from this one need not wait for the end of the run either.
      await publishChangeFeed(this.#mirror);
    } catch (error) {
      this.#fatal ??= error;
    }
  }

  /** Returns the projects with removals first, then those that lose something, then the rest. */
  #inOrder(all: readonly QueuedProject[]): QueuedProject[] {
    const { changelog } = this.#mirror.state;
    const rankOf = ({ name, isRemovedUpstream: removed }: QueuedProject): number =>
      removed ? 0 : announcesLoss(changelog.of(name)) ? 1 : 2;
    const ranks = new Map(all.map((due) => [due, rankOf(due)]));
    return [...all].sort((one, other) => (ranks.get(one) ?? 0) - (ranks.get(other) ?? 0));
  }

  /**
   * Works on one project. Never rejects: a project's failure is its own, and an error that ends the run is kept until
   * nothing else is in progress.
   */
  async #work(due: QueuedProject): Promise<void> {
    const { name } = due;
    const answersBefore = this.#answers;
    this.#inProgress.add(name);
    try {
      await this.#try(due);
    } catch (error) {
      try {
        this.#fail(due, error, answersBefore === this.#answers);
      } catch (fatal) {
        this.#fatal ??= fatal;
      }
    } finally {
      this.#inProgress.delete(name);
      this.#mirror.memoryBudget.release(name);
    }
    const again = this.#toRepeat.delete(name) && !this.#isOver() ? this.#mirror.state.queue.entryOf(name) : undefined;
    if (again !== undefined) await this.#work(again);
  }

  async #try(due: QueuedProject): Promise<void> {
    const { state, report, settings } = this.#mirror;
    // The state remembers the project before anything is done. One that kills the process is not tried first again.
    if (!settings.dryRun) state.inProgress.begin(due.name);
    report({ type: 'project-started', name: due.name });
    const outcome = await syncProject(this.#mirror, due);
    this.#answers += 1;
    this.#unanswered = 0;
    if ('reason' in outcome) return this.#park(due, outcome.obstacle, outcome.reason, outcome.delayMs);
    const { finished, parked } = outcome;
    // A project that was never published and that upstream still does not have counts as unchanged, not as removed.
    const isChange = finished.kind !== 'removed' || state.held.project(due.name).published;
    if (!settings.dryRun)
      await this.#finisher.add(parked && finished.kind === 'published' ? { ...finished, parked } : finished);
    if (parked !== undefined) this.#reportParked(due, parked);
    else this.#parked.delete(due.name);
    this.#done += 1;
    report({ type: 'project-done', name: due.name, outcome: isChange ? finished.kind : 'unchanged' });
  }

  /**
   * Parks the project after `error`. Throws it instead if it ends the run, and besides once too many projects got no
   * answer.
   */
  #fail(due: QueuedProject, error: unknown, isUnanswered: boolean): void {
    const isOfDisk = error instanceof StorageError && !(error instanceof UnfitFileError);
    if (isOfDisk || error instanceof PausedError || this.#mirror.signal.aborted) throw error;
    const alarm = bugAlarmFor(due.name, error);
    if (alarm !== undefined) this.#mirror.report(alarm);
    const isElsewhere = this.#mirror.selection.sourceOf(due.name) !== undefined;
    // A project that was not asked for stays due for the next run.
    if (error instanceof NotAskedError && !isElsewhere) this.#notAsked ??= error;
    else {
      const obstacle = error instanceof DoesNotFitError ? 'no-room' : 'failed';
      const imposedMs = error instanceof UnreachableError ? Math.min(error.retryAfterMs ?? 0, maxImposedDelayMs) : 0;
      // Each try of a slow download keeps what arrived, so the delay does not grow.
      const failures = error instanceof TooSlowError ? 1 : due.attempts + 1;
      this.#park(
        due,
        obstacle,
        failureText(error),
        Math.max(parkDelayMs(failures), imposedMs),
        this.#isRepeated(due, error),
      );
    }
    // Busy hosts are left to the request limiter. An index beside the upstream stops only its own projects.
    if (!(error instanceof UnreachableError) || error instanceof BusyError || isElsewhere || !isUnanswered) return;
    this.#unanswered += 1;
    if (this.#unanswered >= maxUnansweredProjects) throw error;
  }

  /**
   * Returns true if the index that the project comes from gives no answer and another of its projects has already
   * reported that.
   */
  #isRepeated({ name }: QueuedProject, error: unknown): boolean {
    const source = this.#mirror.selection.sourceOf(name);
    if (source === undefined || !(error instanceof Error) || !isSilence(error)) return false;
    const first = this.#silent.get(source) ?? name;
    this.#silent.set(source, first);
    return first !== name;
  }

  #park(due: QueuedProject, obstacle: Obstacle, reason: string, delayMs: number, isRepeated = false): void {
    const { state, clock, settings } = this.#mirror;
    const nextTry = clock.now() + delayMs;
    const parked = { due: { ...due, attempts: due.attempts + 1 }, obstacle, reason, nextTry };
    if (!settings.dryRun) state.queue.park(parked);
    this.#reportParked(due, parked, isRepeated);
  }

  #reportParked({ name }: QueuedProject, { obstacle, reason, nextTry }: Omit<Parked, 'due'>, isRepeated = false): void {
    this.#parked.set(name, nextTry);
    const expected = expectedObstacles.has(obstacle);
    this.#mirror.report({
      type: 'project-parked',
      name,
      reason,
      nextTry,
      expected,
      ...(isRepeated && { isTold: isRepeated }),
    });
  }
}

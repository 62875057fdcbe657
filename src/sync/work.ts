/** Works through the queue: many projects at a time, what takes away first, and none of them in the way of the others. */
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

/** Projects under way: far more than connections, because most of them wait for a flush that they share. */
const maxConcurrentProjects = 600;
/** The same of those that upstream has changed during the run; they do not wait for the others. */
const maxConcurrentNews = 20;
const queuePiece = 1000;
/** A run waits this long for a project whose next try is near; what takes longer is left to the next run. */
const patienceMs = minuteMs;
/** So many projects without an answer that were all begun since there was one: the rest of the queue need not find out. */
const failuresInARow = 20;
/** What upstream asks to be left alone for longer than that is tried again sooner: nobody blinds a mirror for a day. */
const longestRespiteMs = hourMs;

/** What time or a person will heal, and nothing is wrong with. */
const expectedObstacles: ReadonlySet<Obstacle> = new Set(['absent', 'stale', 'held-back', 'removal-held-back']);

/** What a pass over the queue came to. */
export interface WorkResult {
  /** Projects that were published, found unchanged, or removed. */
  readonly done: number;
  /** Projects that were tried and stay queued. */
  readonly parked: ReadonlySet<ProjectName>;
  /** Why other projects were not asked about, if so: they stay due. */
  readonly trouble?: UnreachableError | undefined;
}

/** Where changes upstream are heard of while the queue is worked on. */
export interface ChangeSource {
  /** Whether it is time to read. */
  isDue(): boolean;
  /** Queues what has changed, and returns the names. */
  read(): Promise<readonly ProjectName[]>;
}

/** What lasts longer than one time through the queue. */
export interface RunProgress {
  /** The projects that the run has tried in vain, with the times of their next tries; it is brought up to date. */
  readonly parked: Map<ProjectName, number>;
  readonly news: ChangeSource;
}

/**
 * Works until nothing is due but what is doubtful: what was under way when a run died. Throws what ends the run:
 * UnreachableError, StorageError, PausedError.
 */
export function workThroughQueue(mirror: Mirror, memory: RunProgress): Promise<WorkResult> {
  return new QueueWorker(mirror, memory).run(false);
}

/** Works on what is doubtful, one project at a time, so that what kills the process is found out. Throws the same. */
export function workOnCrashSuspects(mirror: Mirror, memory: RunProgress): Promise<WorkResult> {
  return new QueueWorker(mirror, memory).run(true);
}

class QueueWorker {
  readonly #mirror: Mirror;
  readonly #only: ReadonlySet<ProjectName> | undefined;
  readonly #slots = new Semaphore(maxConcurrentProjects);
  readonly #newsSlots = new Semaphore(maxConcurrentNews);
  readonly #finisher: FinishBatcher;
  readonly #parked: Map<ProjectName, number>;
  readonly #news: ChangeSource;
  readonly #underWay = new Set<ProjectName>();
  /** Changed upstream since the queue was looked at. */
  readonly #changedMeanwhile = new Set<ProjectName>();
  /** Begun before their turn, as something of them goes. */
  readonly #startedEarly = new Set<ProjectName>();
  /** Changed upstream while they are under way. */
  readonly #toRepeat = new Set<ProjectName>();
  #listening: Promise<void> | undefined;
  #done = 0;
  /** How often a project got an answer, and how many did not that were begun since the last one did. */
  #successes = 0;
  #failures = 0;
  /** Why projects were left for the next run, if some were. */
  #notAsked: NotAskedError | undefined;
  #fatal: unknown;
  /** Indexes beside the upstream that do not answer, and the project that told of it. */
  readonly #silent = new Map<string, ProjectName>();

  constructor(mirror: Mirror, { parked, news }: RunProgress) {
    const report = (event: MirrorEvent): void => {
      mirror.report(event);
      this.#startNewsIfDue();
    };
    this.#mirror = { ...mirror, report };
    this.#parked = parked;
    this.#news = news;
    this.#finisher = new FinishBatcher(mirror.state, mirror.clock);
    this.#only = mirror.settings.projects === undefined ? undefined : new Set(mirror.settings.projects);
  }

  async run(isDoubtful: boolean): Promise<WorkResult> {
    const { signal, state, settings } = this.#mirror;
    // Who is asked to stop and then killed has not died of a project.
    const rest = (): void => (settings.dryRun ? undefined : state.inProgress.end());
    signal.addEventListener('abort', rest, { once: true });
    try {
      await (isDoubtful ? this.#passOverDoubtful() : this.#passes());
    } finally {
      signal.removeEventListener('abort', rest);
      await this.#listening;
      rest();
    }
    this.#throwIfOver();
    return { done: this.#done, parked: new Set(this.#parked.keys()), trouble: this.#notAsked };
  }

  async #passes(): Promise<void> {
    const { clock, signal, report, settings } = this.#mirror;
    for (;;) {
      // A dry run leaves the queue as it is, so that the second pass sees the removals, too.
      if (!settings.dryRun) {
        await this.#pass('removed');
        await this.#startLosses();
      }
      await this.#pass('untried');
      await this.#pass('failed');
      const ms = this.#nextTry() - clock.now();
      if (ms > patienceMs || settings.dryRun) return;
      report({ type: 'waiting', ms, why: 'for pages that upstream has not refreshed yet' });
      await clock.sleep(Math.max(ms, 1), signal);
    }
  }

  /** Infinity when nothing is parked. */
  #nextTry(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const nextTry of this.#parked.values()) earliest = Math.min(earliest, nextTry);
    return earliest;
  }

  /**
   * Once over everything that is due and of this kind, in the order of names; of what is doubtful, removals come last, and
   * the rest later. What failed the last time comes last: should it keep the others waiting, they are done by then.
   */
  async #pass(kind: 'removed' | 'untried' | 'failed'): Promise<void> {
    const { state, clock } = this.#mirror;
    const removed = kind === 'removed';
    const doubtful: QueuedProject[] = [];
    for (const piece of this.#pieces((after) => state.queue.due(clock.now(), removed, after, queuePiece))) {
      for (const due of piece) {
        if (!this.#isAsked(due) || !(removed || (due.obstacle === 'failed') === (kind === 'failed'))) continue;
        if (crashCountOf(due) > 0) doubtful.push(due);
        else await this.#start(due, this.#slots);
      }
    }
    await this.#slots.idle();
    if (removed) for (const due of doubtful) if (!this.#isOver()) await this.#work(due);
    this.#throwIfOver();
  }

  /** Begins with the projects that lose something; what they gain beside that holds up nobody else. */
  async #startLosses(): Promise<void> {
    const { state, clock } = this.#mirror;
    this.#startedEarly.clear();
    for (const piece of this.#pieces((after) => state.queue.dueAnnounced(clock.now(), after, queuePiece))) {
      for (const due of piece) {
        if (!this.#isAsked(due) || crashCountOf(due) > 0 || !announcesLoss(state.changelog.of(due.name))) continue;
        this.#startedEarly.add(due.name);
        await this.#start(due, this.#slots);
      }
    }
  }

  /** The queue in pieces, until the run is over. What changes while one is worked through is looked at again. */
  *#pieces(read: (after: ProjectName | undefined) => readonly QueuedProject[]): Iterable<readonly QueuedProject[]> {
    const readAfresh = (after: ProjectName | undefined): readonly QueuedProject[] => {
      this.#changedMeanwhile.clear();
      return read(after);
    };
    for (const piece of inPages(readAfresh)) {
      yield piece;
      if (this.#isOver()) return;
    }
  }

  async #passOverDoubtful(): Promise<void> {
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

  /** Begins to work on a project as soon as there is a place for it. */
  async #start(due: QueuedProject, places: Semaphore): Promise<void> {
    await places.acquire();
    const isOld = this.#changedMeanwhile.has(due.name) || this.#startedEarly.has(due.name);
    const now = isOld ? this.#dueNow(due.name) : due;
    if (now === undefined || this.#underWay.has(due.name) || this.#isOver()) places.release();
    else void this.#work(now).finally(() => places.release());
  }

  #dueNow(name: ProjectName): QueuedProject | undefined {
    const { state, clock } = this.#mirror;
    const queued = state.queue.entryOf(name);
    return isWaiting(queued?.nextTry, clock.now()) ? undefined : queued;
  }

  #startNewsIfDue(): void {
    if (this.#listening !== undefined || this.#isOver() || !this.#news.isDue()) return;
    this.#listening = this.#workOnNews().finally(() => {
      this.#listening = undefined;
    });
  }

  /** Never rejects. Works on what has changed upstream during the run, removals first. */
  async #workOnNews(): Promise<void> {
    try {
      const names = await this.#news.read();
      for (const name of names) (this.#underWay.has(name) ? this.#toRepeat : this.#changedMeanwhile).add(name);
      const all = names.flatMap((name) => this.#dueNow(name) ?? []).filter((due) => this.#isAsked(due));
      for (const due of this.#inOrder(all)) {
        if (crashCountOf(due) === 0) await this.#start(due, this.#newsSlots);
      }
      await this.#newsSlots.idle();
      // Those who mirror from here need not wait for the end of the run either.
      await publishChangeFeed(this.#mirror);
    } catch (error) {
      this.#fatal ??= error;
    }
  }

  /** What is removed, then what loses something, then the rest. */
  #inOrder(all: readonly QueuedProject[]): QueuedProject[] {
    const { changelog } = this.#mirror.state;
    const rankOf = ({ name, removed }: QueuedProject): number =>
      removed ? 0 : announcesLoss(changelog.of(name)) ? 1 : 2;
    const ranks = new Map(all.map((due) => [due, rankOf(due)]));
    return [...all].sort((one, other) => (ranks.get(one) ?? 0) - (ranks.get(other) ?? 0));
  }

  /** Never rejects: a project's failure is its own, and what ends the run is kept for the end of the pass. */
  async #work(due: QueuedProject): Promise<void> {
    const { name } = due;
    const begunAt = this.#successes;
    this.#underWay.add(name);
    try {
      await this.#try(due);
    } catch (error) {
      try {
        this.#fail(due, error, begunAt === this.#successes);
      } catch (fatal) {
        this.#fatal ??= fatal;
      }
    } finally {
      this.#underWay.delete(name);
      this.#mirror.memoryBudget.release(name);
    }
    const again = this.#toRepeat.delete(name) && !this.#isOver() ? this.#mirror.state.queue.entryOf(name) : undefined;
    if (again !== undefined) await this.#work(again);
  }

  async #try(due: QueuedProject): Promise<void> {
    const { state, report, settings } = this.#mirror;
    // Remembered before anything is done: what kills the process is not tried first again.
    if (!settings.dryRun) state.inProgress.begin(due.name);
    report({ type: 'project-started', name: due.name });
    const outcome = await syncProject(this.#mirror, due);
    this.#successes += 1;
    this.#failures = 0;
    if ('reason' in outcome) return this.#park(due, outcome.obstacle, outcome.reason, outcome.delayMs);
    const { finished, stays } = outcome;
    // Nothing is removed where upstream still does not have what never was here.
    const isChange = finished.kind !== 'removed' || state.held.project(due.name).published;
    if (!settings.dryRun)
      await this.#finisher.add(stays && finished.kind === 'published' ? { ...finished, stays } : finished);
    if (stays !== undefined) this.#reportParked(due, stays);
    else this.#parked.delete(due.name);
    this.#done += 1;
    report({ type: 'project-done', name: due.name, outcome: isChange ? finished.kind : 'unchanged' });
  }

  /** Parks the project, whatever was thrown, unless that concerns all of them. */
  #fail(due: QueuedProject, error: unknown, isInARow: boolean): void {
    const isOfDisk = error instanceof StorageError && !(error instanceof UnfitFileError);
    if (isOfDisk || error instanceof PausedError || this.#mirror.signal.aborted) throw error;
    const alarm = bugAlarmFor(due.name, error);
    if (alarm !== undefined) this.#mirror.report(alarm);
    const isElsewhere = this.#mirror.selection.sourceOf(due.name) !== undefined;
    // What was not asked is due in the next run.
    if (error instanceof NotAskedError && !isElsewhere) this.#notAsked ??= error;
    else {
      const obstacle = error instanceof DoesNotFitError ? 'no-room' : 'failed';
      const wantedMs = error instanceof UnreachableError ? Math.min(error.retryAfterMs ?? 0, longestRespiteMs) : 0;
      // Each try at what is slow brings it nearer.
      const failures = error instanceof TooSlowError ? 1 : due.attempts + 1;
      this.#park(
        due,
        obstacle,
        failureText(error),
        Math.max(parkDelayMs(failures), wantedMs),
        this.#isTold(due, error),
      );
    }
    // Whether a host is busy is for the limiter to find out.
    // An index beside the upstream ends nothing but what comes from there.
    if (!(error instanceof UnreachableError) || error instanceof BusyError || isElsewhere || !isInARow) return;
    this.#failures += 1;
    if (this.#failures >= failuresInARow) throw error;
  }

  /** Whether the index that the project comes from is silent, which one of its projects has told. */
  #isTold({ name }: QueuedProject, error: unknown): boolean {
    const source = this.#mirror.selection.sourceOf(name);
    if (source === undefined || !(error instanceof Error) || !isSilence(error)) return false;
    const first = this.#silent.get(source) ?? name;
    this.#silent.set(source, first);
    return first !== name;
  }

  #park(due: QueuedProject, obstacle: Obstacle, reason: string, delayMs: number, isTold = false): void {
    const { state, clock, settings } = this.#mirror;
    const nextTry = clock.now() + delayMs;
    const parked = { due: { ...due, attempts: due.attempts + 1 }, obstacle, reason, nextTry };
    if (!settings.dryRun) state.queue.park(parked);
    this.#reportParked(due, parked, isTold);
  }

  #reportParked({ name }: QueuedProject, { obstacle, reason, nextTry }: Omit<Parked, 'due'>, isTold = false): void {
    this.#parked.set(name, nextTry);
    const expected = expectedObstacles.has(obstacle);
    this.#mirror.report({ type: 'project-parked', name, reason, nextTry, expected, ...(isTold && { isTold }) });
  }
}

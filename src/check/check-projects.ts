/** Checks the projects in the order of names, one at a time, so that memory does not grow with the mirror. */
import { dayMs } from '../core/durations.ts';
import { PausedError } from '../core/errors.ts';
import { inPages } from '../core/in-pages.ts';
import { mapInOrder } from '../core/map-in-order.ts';
import type { ProjectName } from '../core/names.ts';
import type { IndexEntry } from '../formats/simple/root-index.ts';
import { type CheckPosition, checkState } from '../state/mirror-state.ts';
import { change } from '../state/state-section.ts';
import type { Check } from './check-job.ts';
import { checkProject, type LockMode, lookAtProject, type ProjectLook } from './check-project.ts';
import { isInSubset } from './subset.ts';

const namesAtATime = 1000;
/** Files that a project has at least, if many are to be read at the same time. */
const filesOfProject = 3;
/** Number of projects that are looked at while a helper reads the files of the first of them. */
const projectsAhead = 16;
/** Numbers of projects and of milliseconds after which the position is remembered. */
const projectsApart = 500;
const msApart = 5000;
/** Maximum age in milliseconds of an interrupted check that is continued. An older one says little about the mirror. */
const maxDurationMs = 30 * dayMs;

/**
 * Checks every project of the subset. Resolves with the reason why the result does not prove which files belong to the
 * mirror, or with undefined if it does.
 */
export function checkProjects(check: Check): Promise<string | undefined> {
  return new ProjectPass(check).run();
}

class ProjectPass {
  readonly #check: Check;
  readonly #position: Position;
  /** All projects up to this one are decided. */
  #decided: ProjectName | undefined;
  #last: ProjectName | undefined;
  /** Projects that a run may be changing, to be checked again. */
  readonly #undecided: ProjectName[] = [];
  #unproven = 0;

  constructor(check: Check) {
    this.#check = check;
    this.#position = new Position(check);
    this.#last = this.#decided = this.#position.resumedAfter;
  }

  async run(): Promise<string | undefined> {
    this.#announce();
    try {
      // Where a look is a request, or a helper reads the files, several projects are looked at, while the one before
      // them is decided about.
      const looks = mapInOrder(this.#names(this.#position.resumedAfter), this.#atOnce(), ({ name }) =>
        this.#look(name),
      );
      for await (const { name, look } of looks) await this.#checkOne(name, look);
      if (this.#undecided.length > 0) await this.#decide(await this.#check.lock.take(), 'last');
    } catch (error) {
      if (error instanceof PausedError) this.#position.remember(this.#decided);
      throw error;
    }
    this.#position.remember(this.#last);
    return this.#doubt();
  }

  /** Reports the start. Counting the names again costs less than keeping a count would. */
  #announce(): void {
    const { report, state, subset } = this.#check;
    const { resumedAfter } = this.#position;
    if (resumedAfter !== undefined) report({ type: 'resumed', after: resumedAfter });
    const { projects } = state.totals();
    let done = 0;
    if (resumedAfter !== undefined) {
      for (const { name } of this.#names(undefined)) {
        if (name > resumedAfter) break;
        done += 1;
      }
    }
    report({ type: 'started', projects: Math.round(projects / (subset?.of ?? 1)), done });
  }

  *#names(from: ProjectName | undefined): Iterable<IndexEntry> {
    const { state, subset } = this.#check;
    for (const piece of inPages((after) => state.held.published(after, namesAtATime), from)) {
      for (const entry of piece) if (isInSubset(entry.name, subset)) yield entry;
    }
  }

  /** Projects at the same time. Each has several files. */
  #atOnce(): number {
    const { objects, helper } = this.#check;
    return helper === undefined ? Math.ceil((objects?.readers ?? 1) / filesOfProject) : projectsAhead;
  }

  async #look(name: ProjectName): Promise<{ readonly name: ProjectName; readonly look: ProjectLook }> {
    const { yielder, report } = this.#check;
    await yielder.yieldIfDue();
    report({ type: 'project-started', name });
    return { name, look: await lookAtProject(this.#check, name) };
  }

  async #checkOne(name: ProjectName, look: ProjectLook): Promise<void> {
    const { report } = this.#check;
    const { verdict, isProven } = await checkProject(look, name, 'first');
    if (verdict === 'undecided') this.#undecided.push(name);
    else if (!isProven) this.#unproven += 1;
    this.#last = name;
    if (this.#undecided.length === 0) this.#decided = name;
    report({ type: 'project-checked', name });
    if (!this.#position.isDue()) return;
    if (this.#undecided.length > 0) await this.#decide(this.#check.lock.tryTake(), 'first');
    this.#position.remember(this.#decided);
  }

  /** Checks the undecided projects again, with the lock held if it was available. */
  async #decide(release: (() => void) | undefined, turn: LockMode): Promise<void> {
    if (release === undefined && turn === 'first') return;
    let unjudged = 0;
    try {
      for (let name = this.#undecided[0]; name !== undefined; name = this.#undecided[0]) {
        const look = await lookAtProject(this.#check, name);
        const { verdict, isProven } = await checkProject(look, name, release === undefined ? turn : 'locked');
        if (verdict === 'undecided') unjudged += 1;
        if (!isProven) this.#unproven += 1;
        this.#undecided.shift();
      }
    } finally {
      release?.();
    }
    this.#decided = this.#last;
    if (unjudged > 0) this.#check.report({ type: 'unjudged', projects: unjudged });
  }

  #doubt(): string | undefined {
    if (this.#position.resumedAfter !== undefined) {
      return 'the check was interrupted, so that this one has not seen all projects';
    }
    if (this.#unproven === 0) return undefined;
    const projects = this.#unproven === 1 ? '1 project' : `${this.#unproven} projects`;
    return `the pages of ${projects} could not be read or do not agree with state.db; run pep381run first`;
  }
}

/** Returns a text for what a check covers. A check with another scope starts anew. */
function scopeOf({ subset, settings }: Check): string {
  const part = subset === undefined ? 'all' : `${subset.number}/${subset.of}`;
  return settings.quick ? `quick ${part}` : part;
}

/** Remembers the progress of a check, so that it can continue after an interruption. */
class Position {
  readonly #check: Check;
  readonly #startedMs: number;
  /** The project after which an interrupted check of the same scope continues. */
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
  return found?.scope === scopeOf(check) && now - found.startedMs < maxDurationMs ? found : undefined;
}

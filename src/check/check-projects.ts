/** The pass over the projects, in the order of their names and one at a time, so that its size does not matter. */
import { PausedError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import type { IndexEntry } from '../formats/simple/root-index.ts';
import type { Check } from './check-job.ts';
import { checkProject, type LockMode } from './check-project.ts';
import { Position } from './resume-position.ts';
import { isInSubset } from './subset.ts';

const namesAtATime = 1000;

/** Checks every project of the share. Resolves with why its outcome does not prove what belongs to the mirror. */
export function checkProjects(check: Check): Promise<string | undefined> {
  return new ProjectPass(check).run();
}

class ProjectPass {
  readonly #check: Check;
  readonly #position: Position;
  /** Everything up to here is decided. */
  #decided: ProjectName | undefined;
  #last: ProjectName | undefined;
  /** Projects that a run may be changing, to be looked at again. */
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
      for (const { name } of this.#names(this.#position.resumedAfter)) await this.#checkOne(name);
      if (this.#undecided.length > 0) await this.#decide(await this.#check.lock.take(), 'last');
    } catch (error) {
      if (error instanceof PausedError) this.#position.remember(this.#decided);
      throw error;
    }
    this.#position.remember(this.#last);
    return this.#doubt();
  }

  /** Names of projects are few bytes each, so counting them costs less than remembering a count would. */
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
    for (let after = from; ; ) {
      const piece = state.held.published(after, namesAtATime);
      for (const entry of piece) if (isInSubset(entry.name, subset)) yield entry;
      after = piece.at(-1)?.name;
      if (after === undefined) return;
    }
  }

  async #checkOne(name: ProjectName): Promise<void> {
    const { yielder, report } = this.#check;
    await yielder.yieldIfDue();
    report({ type: 'project-started', name });
    const { verdict, isProven } = await checkProject(this.#check, name, 'first');
    if (verdict === 'undecided') this.#undecided.push(name);
    else if (!isProven) this.#unproven += 1;
    this.#last = name;
    if (this.#undecided.length === 0) this.#decided = name;
    report({ type: 'project-checked', name });
    if (!this.#position.isDue()) return;
    if (this.#undecided.length > 0) await this.#decide(this.#check.lock.tryTake(), 'first');
    this.#position.remember(this.#decided);
  }

  /** Looks again at what was left undecided, with the lock held where it could be had. */
  async #decide(release: (() => void) | undefined, turn: LockMode): Promise<void> {
    if (release === undefined && turn === 'first') return;
    let unjudged = 0;
    try {
      for (let name = this.#undecided[0]; name !== undefined; name = this.#undecided[0]) {
        const { verdict, isProven } = await checkProject(this.#check, name, release === undefined ? turn : 'locked');
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

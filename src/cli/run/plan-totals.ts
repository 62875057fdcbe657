/** Sums up what a dry run would do, by rule and by project. */
import { groupedRule } from '../../core/dependency-reason.ts';
import type { ProjectName } from '../../core/names.ts';
import type { MirrorEvent, ProjectOutcome } from '../../core/report.ts';

const rulesShown = 20;
const projectsShown = 20;
const problemsShown = 100;

/** A number of files, and their size. */
export interface Work {
  readonly files: number;
  readonly bytes: number;
}

/** The work that is planned for all projects, for one rule, or for one project. */
export interface PlannedWork {
  readonly fetch: Work;
  readonly remove: Work;
}

/** The work that one rule causes. */
export interface RuleWork extends PlannedWork {
  readonly rule: string;
  readonly projects: number;
}

/** The work that one project causes. */
export interface ProjectWork extends PlannedWork {
  readonly name: ProjectName;
  readonly rule: string;
}

/** The work of the next run. */
export interface PlanSums extends PlannedWork {
  /** Projects to publish, and projects to remove as a whole. */
  readonly publish: number;
  readonly removed: number;
  /**
   * Number of projects whose requirements will be known only after their files are fetched, so that no plan contains
   * what they require. Zero if dependencies are not held.
   */
  readonly unknownRequires: number;
  /** Largest number of bytes first. */
  readonly rules: readonly RuleWork[];
  readonly mostToFetch: readonly ProjectWork[];
  readonly mostToRemove: readonly ProjectWork[];
  /** Error messages of projects that could not be planned, and warnings. */
  readonly problems: readonly string[];
}

type Planned = Extract<MirrorEvent, { type: 'project-planned' }>;

/** Sums up the events of a dry run. `dependencies` is true if the mirror holds dependencies. */
export class PlanTotals {
  readonly #dependencies: boolean;
  /** Projects whose requirements will be known only after their files are fetched. */
  readonly #unknownRequires = new Set<ProjectName>();
  /** Work of projects that are planned but not done: the dry run may still fail on them. */
  readonly #open = new Map<ProjectName, ProjectWork>();
  readonly #rules = new Map<string, RuleWork>();
  readonly #fetching = new Largest(({ fetch }) => fetch.bytes);
  readonly #removing = new Largest(({ remove }) => remove.bytes);
  readonly #problems: string[] = [];
  #total: PlannedWork = nothing;
  #publish = 0;
  #removed = 0;

  constructor(dependencies: boolean) {
    this.#dependencies = dependencies;
  }

  /** Takes one event into account. */
  count(event: MirrorEvent): void {
    if (event.type === 'project-planned') this.#plan(event);
    else if (event.type === 'project-done') this.#add(event.name, event.outcome);
    else if (event.type === 'project-parked') {
      this.#open.delete(event.name);
      this.#unknownRequires.delete(event.name);
      this.#complain(`${event.name}: ${event.reason}`);
    } else if (event.type === 'warning') this.#complain(event.message);
  }

  /** Returns the sums so far. */
  sums(): PlanSums {
    return {
      publish: this.#publish,
      removed: this.#removed,
      ...this.#total,
      unknownRequires: this.#unknownRequires.size,
      rules: [...this.#rules.values()].sort((a, b) => bytesOf(b) - bytesOf(a)).slice(0, rulesShown),
      mostToFetch: this.#fetching.list(),
      mostToRemove: this.#removing.list(),
      problems: this.#problems,
    };
  }

  #plan(event: Planned): void {
    this.#open.set(event.name, workOf(event));
    // Requirements are read from wheels and sdists only.
    if (this.#dependencies && event.fetch.some((path) => /\.(?:whl|zip|tar\.gz|tgz)$/i.test(path)))
      this.#unknownRequires.add(event.name);
  }

  #add(name: ProjectName, outcome: ProjectOutcome): void {
    if (outcome === 'published') this.#publish += 1;
    if (outcome === 'removed') this.#removed += 1;
    const work = this.#open.get(name);
    if (work === undefined) return;
    this.#open.delete(name);
    this.#total = sumOf(this.#total, work);
    const { rule } = work;
    const known = this.#rules.get(rule);
    this.#rules.set(rule, { rule, projects: (known?.projects ?? 0) + 1, ...sumOf(known ?? nothing, work) });
    this.#fetching.add(work);
    this.#removing.add(work);
  }

  #complain(problem: string): void {
    if (this.#problems.length < problemsShown) this.#problems.push(problem);
  }
}

/** Keeps the projects with the most bytes, without keeping all projects. */
class Largest {
  readonly #bytes: (work: ProjectWork) => number;
  #found: ProjectWork[] = [];

  constructor(bytes: (work: ProjectWork) => number) {
    this.#bytes = bytes;
  }

  add(work: ProjectWork): void {
    if (this.#bytes(work) === 0) return;
    this.#found.push(work);
    if (this.#found.length >= 2 * projectsShown) this.#found = this.list();
  }

  list(): ProjectWork[] {
    return this.#found.sort((a, b) => this.#bytes(b) - this.#bytes(a)).slice(0, projectsShown);
  }
}

const nothing: PlannedWork = { fetch: { files: 0, bytes: 0 }, remove: { files: 0, bytes: 0 } };

function workOf({ name, fetch, bytes, remove, removeBytes = 0, rule = 'everything is held' }: Planned): ProjectWork {
  return {
    name,
    rule: groupedRule(rule),
    fetch: { files: fetch.length, bytes },
    remove: { files: remove.length, bytes: removeBytes },
  };
}

function sumOf(one: PlannedWork, other: PlannedWork): PlannedWork {
  const add = (a: Work, b: Work): Work => ({ files: a.files + b.files, bytes: a.bytes + b.bytes });
  return { fetch: add(one.fetch, other.fetch), remove: add(one.remove, other.remove) };
}

function bytesOf({ fetch, remove }: PlannedWork): number {
  return fetch.bytes + remove.bytes;
}

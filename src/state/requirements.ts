/**
 * The port to what projects require of each other, as text that only its reader understands. Every method is one
 * transaction; all throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { Change } from './state-section.ts';

/** What the held releases of a project require. */
export interface Requires {
  readonly name: ProjectName;
  readonly edges: string;
}

/** What others want of a project. */
export interface Wants {
  readonly name: ProjectName;
  readonly wants: string;
}

export interface Requirements {
  /** Remembers what a project requires; undefined for nothing. */
  set(name: ProjectName, edges: string | undefined): void;
  /** What all projects require. */
  all(): Iterable<Requires>;
  /** Remembers what projects are wanted for, all of them, and `change` with it. */
  rememberWants(all: Iterable<Wants>, change?: Change): void;
  /** What others were found to want of a project: worth something only as long as the state's `wantsOf` is known. */
  wantsOf(name: ProjectName): string | undefined;
}

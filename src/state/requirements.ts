/**
 * The port to the requirements between projects, stored as text that only the caller interprets. Every method is one
 * transaction; all throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { Change } from './state-section.ts';

/** The requirements of a project's held releases. */
export interface Requires {
  readonly name: ProjectName;
  readonly edges: string;
}

/** The wants of other projects on a project. */
export interface Wants {
  readonly name: ProjectName;
  readonly wants: string;
}

export interface Requirements {
  /** Remembers the requirements of a project; undefined for none. */
  set(name: ProjectName, edges: string | undefined): void;
  /** Returns the requirements of all projects. */
  all(): Iterable<Requires>;
  /** Replaces the wants of all projects, and remembers `change` with them. */
  rememberWants(all: Iterable<Wants>, change?: Change): void;
  /** Returns the remembered wants on a project; they are valid only as long as the state's `wantsOf` is set. */
  wantsOf(name: ProjectName): string | undefined;
}

/**
 * The part of the state that the root index is made from. It remembers which projects' entries have changed, so that a
 * small change does not cost a list of everything. All methods throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { IndexEntry } from '../formats/simple/root-index.ts';
import type { Change } from './state-section.ts';

export interface IndexEntries {
  /** Returns the entries with names from `from` up to, but without, `before`; undefined for the end of the list. */
  within(from: string, before: string | undefined): IndexEntry[];
  /**
   * Returns the projects whose entries came, went or changed since {@link commit}, in the order of names, at most
   * `limit`. Changes are remembered only while the state has `rootPieces`.
   */
  changed(limit: number): ProjectName[];
  /** Forgets that the entries of `listed`, or of all projects, have changed, and remembers `change` with that. */
  commit(listed: readonly ProjectName[] | 'all', change: Change): void;
}

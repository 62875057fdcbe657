/** The part of the state that remembers which projects are worked on. All methods throw StorageError. */
import type { ProjectName } from '../core/names.ts';

/** What a run that dies leaves behind is what it died of, or was near it. */
export interface InProgress {
  /** Remembers that a queued project is under way, until it is finished or parked. */
  begin(name: ProjectName): void;
  /** Nothing is under way any more. */
  end(): void;
  /** Counts a death for each project that is under way, as the run which began with them is over. Returns them. */
  countCrashes(): ProjectName[];
  /** The queued projects that were under way when a run died, and whose time has come; the fewest deaths come first. */
  crashSuspects(now: number): ProjectName[];
}

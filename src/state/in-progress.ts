/** The part of the state that remembers which projects are worked on. All methods throw StorageError. */
import type { ProjectName } from '../core/names.ts';

/** The projects in progress. When a run crashes, one of them probably caused it. */
export interface InProgress {
  /** Remembers that a queued project is in progress, until it is finished or parked. */
  begin(name: ProjectName): void;
  /** Forgets all projects in progress. */
  end(): void;
  /** Counts a crash for each project in progress, whose run has died, and ends their progress. Returns the projects. */
  countCrashes(): ProjectName[];
  /** Returns the due projects that were in progress when a run crashed, those with the fewest crashes first. */
  crashSuspects(now: number): ProjectName[];
}

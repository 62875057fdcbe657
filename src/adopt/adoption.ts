import type { Report } from '../core/report.ts';
import type { FileStore } from '../files/file-store.ts';
import type { StateStore } from '../state/state-store.ts';

/** Everything that taking over a tree works with. */
export interface Adoption {
  readonly state: StateStore;
  readonly files: FileStore;
  readonly report: Report;
  /** Aborts when the run is to stop. */
  readonly signal: AbortSignal;
  /** True for a tree of our own, whose pages are as upstream's were at the serials that they name. */
  readonly keepSerials: boolean;
  /** True where upstream does not have the project, so that what is damaged is left out for good. */
  readonly isLast?: boolean;
}

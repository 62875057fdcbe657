import type { Report } from '../core/report.ts';
import type { FileStore } from '../files/file-store.ts';
import type { StateStore } from '../state/state-store.ts';

/** Everything that is needed to adopt a tree. */
export interface Adoption {
  readonly state: StateStore;
  readonly files: FileStore;
  readonly report: Report;
  /** Aborts when the run is to stop. */
  readonly signal: AbortSignal;
  /** True for a tree of our own, whose pages are upstream's pages at the serials that they name. */
  readonly keepSerials: boolean;
  /** True if upstream does not have the project, so that damaged files are left out for good. */
  readonly isLast?: boolean;
}

/** Everything a run works with: the ports, and the settings that a person chose. */
import type { Clock } from '../core/clock.ts';
import type { ProjectName } from '../core/names.ts';
import type { Report } from '../core/report.ts';
import type { FileStore } from '../files/file-store.ts';
import type { StateStore } from '../state/state-store.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Selection } from './selection.ts';
import type { Space } from './space.ts';

export interface SyncSettings {
  /** The index, for people and to notice when it is another one. */
  readonly upstream: string;
  /** Only these projects are looked at; undefined means all. */
  readonly projects: readonly ProjectName[] | undefined;
  /** Pages only; their links point at upstream's files. */
  readonly indexOnly: boolean;
  /** Compare everything with the list, whatever the changelog says. */
  readonly reconcile: boolean;
  /** Projects of which upstream's files are taken although others are held under their names. */
  readonly acceptChanges: readonly ProjectName[];
  /** Report what would be done, and do nothing. */
  readonly dryRun: boolean;
  /** How many projects that nobody looked at for a month are looked at per run. */
  readonly sweep: number;
  /** The https address under which `web/` is served, without a slash at its end. */
  readonly baseUrl: string | undefined;
}

export interface Mirror {
  readonly upstream: Upstream;
  readonly state: StateStore;
  readonly files: FileStore;
  readonly clock: Clock;
  readonly report: Report;
  readonly settings: SyncSettings;
  /** What of upstream may be held. */
  readonly selection: Selection;
  readonly space: Space;
  /** Aborts when the run is to stop. */
  readonly signal: AbortSignal;
  /** Clears the request for another run, and tells whether there was one. */
  readonly takeRequest: () => boolean;
}

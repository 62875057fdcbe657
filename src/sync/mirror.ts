/** Everything a run works with: the ports, and the settings that a person chose. */
import type { Clock } from '../core/clock.ts';
import type { MemoryBudget } from '../core/memory-budget.ts';
import type { ProjectName } from '../core/names.ts';
import type { Report } from '../core/report.ts';
import type { Sign, Verify } from '../core/signing.ts';
import type { FileStore } from '../files/file-store.ts';
import type { ProvenanceVerifier } from '../provenance/provenance-verifier.ts';
import type { StateStore } from '../state/state-store.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { DeletionLimit } from './limits/deletion-limit.ts';
import type { StorageBudget } from './limits/storage-budget.ts';
import type { LocalFiles } from './selection/local-files.ts';
import type { MissingProjects } from './selection/missing-projects.ts';
import type { Selection } from './selection/selection.ts';

export interface SyncSettings {
  /** The address of the index, for people and to notice that another index is mirrored. */
  readonly upstream: string;
  /** The only projects to sync. Undefined means all. */
  readonly projects: readonly ProjectName[] | undefined;
  /** True to mirror pages only. Their links point to upstream's files. */
  readonly indexOnly: boolean;
  /** True to compare everything with the list of projects, whatever the changelog says. */
  readonly reconcile: boolean;
  /** The projects of which upstream's files are taken although others are held under their names. */
  readonly acceptChanges: readonly ProjectName[];
  /** True to report what would be done, and do nothing. */
  readonly dryRun: boolean;
  /** Maximum number of projects per run that are synced although upstream told no change of them. */
  readonly sweep: number;
  /** True to keep the files that upstream removes. They still disappear from the index. */
  readonly keepRemoved: boolean;
  /** Number of days for which removed files can be restored from the trash. */
  readonly trashDays: number;
  /** The address under which `web/` is served, without a slash at its end. */
  readonly baseUrl: string | undefined;
  /** True to serve the legacy JSON, for other mirror programs. */
  readonly legacyJson: boolean;
  /** The handling of provenance objects (PEP 740): stored, stored and verified, or left to upstream. */
  readonly provenance: 'store' | 'verify' | 'off';
  /** The handling of files whose provenance does not prove their origin. */
  readonly provenancePolicy: 'warn' | 'refuse-failed' | 'require';
}

export interface Mirror {
  readonly upstream: Upstream;
  /** The indexes beside the upstream, by address. See project/page/project-source.ts. */
  readonly sources: ReadonlyMap<string, Upstream>;
  readonly state: StateStore;
  readonly files: FileStore;
  readonly clock: Clock;
  readonly report: Report;
  readonly settings: SyncSettings;
  /** The files that somebody has put below `packages/` by hand. */
  readonly localFiles: LocalFiles;
  /** Decides what the mirror may hold. Each pass has its own: see discover/discover.ts. */
  readonly selection: Selection;
  /** Records what is asked for and not held. */
  readonly missingProjects: MissingProjects;
  readonly storageBudget: StorageBudget;
  readonly deletionLimit: DeletionLimit;
  /** The memory that pages take, by project name. */
  readonly memoryBudget: MemoryBudget;
  /** Returns the value of a TOML text. Throws UsageError if it is not TOML. */
  readonly parseToml: (text: string) => unknown;
  /** Signs the state that a run has reached. Undefined if no key is set. */
  readonly sign?: Sign | undefined;
  /** Verifies signatures by upstream's key. Undefined if upstream is believed without a signature. */
  readonly verifyUpstream?: Verify | undefined;
  /** Undefined if provenance is not verified. */
  readonly verifier: ProvenanceVerifier | undefined;
  /** Aborts if the run is to stop. */
  readonly signal: AbortSignal;
  /** Clears the request for another run, and returns true if there was one. */
  readonly takeRequest: () => boolean;
}

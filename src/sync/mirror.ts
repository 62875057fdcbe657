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
import type { Selection } from './selection/selection.ts';

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
  /** How many projects, of those of which upstream tells no change, are looked at per run at most. */
  readonly sweep: number;
  /** What upstream removes disappears from the index, and its files stay. */
  readonly keepRemoved: boolean;
  /** For so many days what was removed can be brought back. */
  readonly trashDays: number;
  /** The address under which `web/` is served, without a slash at its end. */
  readonly baseUrl: string | undefined;
  /** Serve the legacy JSON, for other mirror programs. */
  readonly legacyJson: boolean;
  /** What is done with provenance objects (PEP 740): kept, kept and verified, or left to upstream. */
  readonly provenance: 'store' | 'verify' | 'off';
  /** What is done with files whose provenance does not prove where they are from. */
  readonly provenancePolicy: 'warn' | 'refuse-failed' | 'require';
}

export interface Mirror {
  readonly upstream: Upstream;
  /** The indexes beside it, by their addresses; see project/page/project-source.ts. */
  readonly sources: ReadonlyMap<string, Upstream>;
  readonly state: StateStore;
  readonly files: FileStore;
  readonly clock: Clock;
  readonly report: Report;
  readonly settings: SyncSettings;
  /** What lies here by hand. */
  readonly localFiles: LocalFiles;
  /** What of upstream may be held. */
  readonly selection: Selection;
  readonly storageBudget: StorageBudget;
  readonly deletionLimit: DeletionLimit;
  /** What the pages of projects take, by their names. */
  readonly memoryBudget: MemoryBudget;
  /** The value of a text in TOML. Throws UsageError for what is none. */
  readonly parseToml: (text: string) => unknown;
  /** Signs the state that a run has reached; absent where nobody asks for that. */
  readonly sign?: Sign | undefined;
  /** By upstream's key; absent where upstream is believed as it is. */
  readonly verifyUpstream?: Verify | undefined;
  /** Undefined where provenance is not verified. */
  readonly verifier: ProvenanceVerifier | undefined;
  /** Aborts when the run is to stop. */
  readonly signal: AbortSignal;
  /** Clears the request for another run, and tells whether there was one. */
  readonly takeRequest: () => boolean;
}
